import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { request } from 'undici';
import { inject } from 'vitest';
import { loadConfig } from '#libs/runtime';
import { amqpPrefix, freshDatabase } from '#libs/testing';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';

/** Two that may sign, as while a key is rotated, one of each other purpose, which no test's service knows unasked, and a stranger's. */
export const keys = {
  old: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  current: generateKeyPairSync('rsa', { modulusLength: 3072 }),
  company: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  relay: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  foreign: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
type KeyPair = typeof keys.current;

export const pemOf = ({ publicKey }: KeyPair): string => publicKey.export({ type: 'spki', format: 'pem' }).toString();
const publicKeys = [keys.old, keys.current].map(pemOf).join('');

export const sample = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`${import.meta.dirname}/../../../libs/revio/samples/${name}.json`, 'utf8'));

export const signatureOf = (body: string | Buffer, key: KeyObject = keys.current.privateKey): string =>
  sign('RSA-SHA256', Buffer.from(body), key).toString('base64');

/** The headers of the timestamped scheme, as of now unless told otherwise. */
export function timestampedBy(
  { privateKey }: KeyPair,
  body: string,
  { timestamp = Math.floor(Date.now() / 1000), eventId = `evt_${randomUUID()}` } = {},
): Record<string, string> {
  return {
    'x-revio-signature': `sha256=${signatureOf(`${timestamp}.${eventId}.${body}`, privateKey)}`,
    'x-revio-timestamp': String(timestamp),
    'x-revio-event-id': eventId,
  };
}

export interface Answer {
  status: number;
  json: Record<string, unknown>;
}

/** The service on a database of its own; `through` is where it looks for that database. */
export async function startWebhooks(
  options: { through?: (databaseUrl: string) => Promise<string>; env?: object } = {},
) {
  const database = await freshDatabase('webhooks');
  const prefix = amqpPrefix();
  const internalKey = randomBytes(32);
  const databaseUrl = (await options.through?.(database.url)) ?? database.url;
  const begin = () =>
    start(
      loadConfig(config, {
        NODE_ENV: 'test',
        LOG_LEVEL: 'silent',
        DATABASE_URL: databaseUrl,
        AMQP_URL: inject('amqpUrl'),
        AMQP_PREFIX: prefix,
        INTERNAL_KEY: internalKey.toString('base64'),
        SEALING_KEYS: `k1:${randomBytes(32).toString('base64')}`,
        DUPLICATES_INTERVAL_MS: '50',
        REVIO_WEBHOOK_PUBLIC_KEYS: publicKeys.replaceAll('\n', '\\n'),
        ...options.env,
      }),
    );
  const service = await begin();
  const replicas: (typeof service)[] = [];
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();

  const send = async (body: string | Buffer, headers: Record<string, string> | string[]): Promise<Answer> => {
    const answer = await request(`${service.url}/webhooks/revio`, { method: 'POST', body, headers });
    return { status: answer.statusCode, json: (await answer.body.json()) as Record<string, unknown> };
  };
  return {
    ...service,
    prefix,
    internalKey,
    send,
    /** As Revio does it. */
    deliver: (body: string | Buffer, key?: KeyObject) =>
      send(body, { 'content-type': 'application/json', 'x-signature': signatureOf(body, key) }),
    /** Another process on the same database, as far as a process of ours can tell. */
    replica: async () => {
      const replica = await begin();
      replicas.push(replica);
      return replica;
    },
    rows: async <Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> =>
      (await owner.query<Row>(sql, values)).rows,
    close: async () => {
      await owner.end();
      await Promise.all([service, ...replicas].map((one) => one.stop()));
      await database.close();
    },
  };
}

export type WebhooksStack = Awaited<ReturnType<typeof startWebhooks>>;
