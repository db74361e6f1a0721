import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Every mistake in the environment at once, by variable; never with the value, which may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(`The environment is not right:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

/**
 * Reads the variables that the schema's keys name. `NAME_FILE` names a file that holds the value instead, for secrets; naming
 * both is a mistake. An empty value counts as not set: that is how compose files pass what nobody filled in. Throws ConfigError.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: NodeJS.ProcessEnv,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const mistakes: string[] = [];
  const raw: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const given = env[name] || undefined;
    const file = env[`${name}_FILE`] || undefined;
    if (given !== undefined && file !== undefined) mistakes.push(`${name}: both it and ${name}_FILE are set`);
    try {
      const value = file === undefined ? given : readFileSync(file, 'utf8').trimEnd();
      if (value !== undefined) raw[name] = value;
    } catch (error) {
      mistakes.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code})`);
      raw[name] = '';
    }
  }
  const read = schema.safeParse(raw);
  const known = new Set(mistakes.map((mistake) => mistake.replace(/(_FILE)?:.*/s, '')));
  for (const issue of read.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!known.has(name)) mistakes.push(`${name}: ${raw[name] === undefined ? 'is not set' : issue.message}`);
  }
  if (!read.success || mistakes.length > 0) throw new ConfigError(mistakes);
  return Object.freeze(read.data);
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** Ten years: no age or interval of ours is longer, and one that is was meant in another unit. */
const durationMsMax = 10 * 366 * 86_400_000;

/** An interval, age or timeout in whole milliseconds. */
export const durationMs = (byDefault: number, { min = 1 }: { min?: number } = {}) =>
  wholeNumber(min, durationMsMax).default(byDefault);

/** Three durations in whole milliseconds, separated by commas. */
export const delays = (byDefault: [number, number, number]) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.tuple([wholeNumber(1, durationMsMax), wholeNumber(1, durationMsMax), wholeNumber(1, durationMsMax)]))
    .default(byDefault);

/** How many: of connections, rows, attempts. */
export const count = (byDefault: number, { min = 1, max = 1_000_000 }: { min?: number; max?: number } = {}) =>
  wholeNumber(min, max).default(byDefault);

/** A TCP port; 0 takes a free one. */
export const port = (byDefault: number) => wholeNumber(0, 65_535).default(byDefault);

export const flag = (byDefault: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .default(byDefault);

/** Where another HTTP service is reached. */
export const httpUrl = () => z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

/** An HMAC key: at least 32 bytes (as many as SHA-256 gives), in base64. It has no default, so production can have none either. */
export const secretKey = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9+/_-]+={0,2}$/, 'must be base64')
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((key) => key.length >= 32, 'must be at least 32 bytes');
