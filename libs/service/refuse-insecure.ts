import { type BaseConfig, ConfigError } from '#libs/runtime';

/** Of examples, tests, images and this repository: whoever tries has a list of them. */
const knownPasswords = new Set([
  'admin',
  'change',
  'changeme',
  'drill',
  'guest',
  'password',
  'piggybank',
  'postgres',
  'rabbitmq',
  'root',
  'secret',
  'test',
]);
/** 32 random bytes have some thirty different ones; fewer than half of that is a pattern that somebody typed. */
const differentBytesMin = 12;
/** Nothing takes an access token back, so a stolen one is good for so long. */
const accessTokenSMax = 3_600;
/** What lies between a request and a stranger, or a token and its end. */
const insecure: Record<string, (value: unknown) => string | undefined> = {
  RATE_LIMITS_ENFORCED: (value) => (value === false ? 'must be true' : undefined),
  ACCESS_TOKEN_TTL_S: (value) => (Number(value) > accessTokenSMax ? `must be at most ${accessTokenSMax}` : undefined),
  PUBLIC_URL: encrypted('https:'),
  JWT_EXTERNAL_JWKS_URL: encrypted('https:'),
  CORS_ORIGINS: (value) => (value as string[]).map(encrypted('https:')).find((mistake) => mistake !== undefined),
  MAIL_URL: (value) =>
    typeof value === 'string' && value.startsWith('smtp:') && new URL(value).searchParams.get('requireTLS') !== 'true'
      ? 'must be smtps, or smtp with requireTLS=true'
      : undefined,
};

/**
 * Production starts with no secret that others know and no protection lifted (A8, O5). Throws ConfigError with all that is wrong, never
 * with a value. Staging is production too: it differs in its data and its keys.
 */
export function refuseInsecure(config: BaseConfig): void {
  if (config.NODE_ENV !== 'production') return;
  const values: [string, unknown][] = Object.entries(config);
  const mistakes = values.flatMap(([name, value]) => {
    const mistake =
      (value instanceof Buffer ? weakKey(value) : undefined) ?? knownLogin(name, value) ?? insecure[name]?.(value);
    return mistake === undefined || value === undefined ? [] : [`${name}: ${mistake} in production`];
  });
  mistakes.push(...twins(values.filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer)));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}

const weakKey = (key: Buffer): string | undefined =>
  new Set(key).size < differentBytesMin ? 'must be random' : undefined;

/** One without a password logs in by other means, which are not ours to judge. */
function knownLogin(name: string, value: unknown): string | undefined {
  if (!['DATABASE_URL', 'AMQP_URL'].includes(name) || typeof value !== 'string') return undefined;
  const { username, password } = new URL(value);
  const plain = decodeURIComponent(password).toLowerCase();
  return knownPasswords.has(plain) || (plain !== '' && plain === username.toLowerCase())
    ? 'must have a password of its own'
    : undefined;
}

/** Whoever learns one key would have two doors open. */
function twins(keys: readonly [string, Buffer][]): string[] {
  return keys.flatMap(([name, key], index) =>
    keys
      .slice(index + 1)
      .filter(([, other]) => other.equals(key))
      .map(([twin]) => `${twin}: must not be the same as ${name} in production`),
  );
}

function encrypted(protocol: string) {
  return (value: unknown): string | undefined =>
    typeof value === 'string' && new URL(value).protocol !== protocol
      ? `must be ${protocol.replace(':', '')}`
      : undefined;
}
