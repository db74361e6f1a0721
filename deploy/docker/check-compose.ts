import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { z } from 'zod';
import { ConfigError, loadConfig } from '#libs/runtime';
import { serviceNames } from '../local/databases.ts';
import { environmentFile, readEnvironmentFile } from './environment-file.ts';

/** The simulator's keys: a file that exists only in the containers' volume. */
const IN_A_VOLUME = 'REVIO_WEBHOOK_PUBLIC_KEYS';

type ComposeFile = { services: Record<string, ComposeService>; volumes?: object; networks?: object };
type ComposeService = {
  environment?: Record<string, string>;
  depends_on?: object;
  volumes?: string[];
  networks?: string[] | object;
  container_name?: string;
};

/**
 * What is wrong with docker-compose.yml, as far as it shows without an engine: the compose specification's schema, references to what
 * is not there, variables that .env.example does not name, and environments that a service would refuse at its start.
 */
export async function composeMistakes(root: string): Promise<string[]> {
  const read = (name: string): string => fs.readFileSync(path.join(root, name), 'utf8');
  const variables = readEnvironmentFile(environmentFile(read('.env.example')));
  const mistakes: string[] = [];
  // Value by value after the parsing, as compose does it: a `true` that was filled in stays text.
  const file: ComposeFile = parse(
    read('docker-compose.yml'),
    (_, value: unknown) => (typeof value === 'string' ? interpolate(value, variables, mistakes) : value),
    { merge: true },
  );
  return [...mistakes, ...schemaMistakes(file), ...referenceMistakes(file, root), ...(await configMistakes(file))];
}

/** `${NAME}`, `${NAME:-default}`, `${NAME:?why}`: the three forms that the file uses. */
function interpolate(text: string, variables: Record<string, string>, mistakes: string[]): string {
  return text.replaceAll(/\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g, (_, name: string, form?: string, rest = '') => {
    const value = variables[name];
    if (value === undefined && form !== '-') mistakes.push(`${name}: .env.example does not name it`);
    if (value === '' && form === '?') mistakes.push(`${name}: required, and compose:up leaves it empty`);
    // A default stands in for an empty value too.
    return value || (form === '-' ? rest : '');
  });
}

function schemaMistakes(file: ComposeFile): string[] {
  const schema = createRequire(import.meta.url)('docker-compose/schema/compose-spec.json');
  // validateSchema: the schema names its dialect (draft 7) by an address that Ajv does not know.
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
  ajvFormats.default(ajv);
  const validate = ajv.compile(schema);
  validate(file);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function referenceMistakes(file: ComposeFile, root: string): string[] {
  return Object.entries(file.services).flatMap(([name, service]) => {
    const references: [string, string[], object | undefined][] = [
      ['service', Object.keys(service.depends_on ?? {}), file.services],
      ['volume', volumesOf(service).filter((source) => !isPath(source)), file.volumes],
      [
        'network',
        Array.isArray(service.networks) ? service.networks : Object.keys(service.networks ?? {}),
        file.networks,
      ],
    ];
    const missing = references.flatMap(([kind, used, known = {}]) =>
      used.filter((one) => !(one in known)).map((one) => `${name}: no ${kind} ${one}`),
    );
    // What is not there when it is mounted, the engine makes: an empty folder, of root's.
    const lost = volumesOf(service).filter((source) => isPath(source) && !fs.existsSync(path.join(root, source)));
    const mistakes = [...missing, ...lost.map((source) => `${name}: no file ${source}`)];
    return service.container_name === undefined ? mistakes : [...mistakes, `${name}: container_name prevents --scale`];
  });
}

const volumesOf = (service: ComposeService): string[] =>
  (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
const isPath = (source: string): boolean => source.startsWith('./');

/** Each service's own config judges the environment that it would get: whether it would start, and what it has no use for. */
async function configMistakes(file: ComposeFile): Promise<string[]> {
  const found = serviceNames.map(async (name) => {
    const { config } = (await import(`../../services/${name}/src/config.js`)) as { config: z.ZodObject };
    const environment = file.services[name]?.environment ?? {};
    return [...refusals(config, environment), ...unread(config, environment)].map((mistake) => `${name}: ${mistake}`);
  });
  return (await Promise.all(found)).flat();
}

function refusals(config: z.ZodObject, environment: Record<string, string>): string[] {
  try {
    loadConfig(config, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.filter((mistake) => !mistake.startsWith(IN_A_VOLUME));
  }
}

/** A secret in a process that does not need it is one more place to steal it from (A9). */
const unread = (config: z.ZodObject, environment: Record<string, string>): string[] =>
  Object.keys(environment)
    .filter((name) => !(name.replace(/_FILE$/, '') in config.shape))
    .map((name) => `${name}: given, but never read`);
