import fs from 'node:fs';
import path from 'node:path';
import amqp, { type ChannelModel } from 'amqplib';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serviceNames } from '#libs/contracts';
import type { Service } from '../deploy/local/databases.ts';
import type { Secrets } from '../deploy/local/secrets.ts';
import { type Canaries, filesIn, finder } from './system/canaries.ts';
import { launchStack, type Stack } from './system/launch-stack.ts';
import { asSuperuser, email, liveWithCanaries, refusals, sent, staffSaw, tokens } from './system/live-with-canaries.ts';

/**
 * Issue 4 §3.6, A8, W5: secrets are sent in by every door while money moves, things are refused, handlers fail and messages die, with logs
 * at `debug`. Then every row of every database, every file of PostgreSQL and RabbitMQ on the disk, every log, message, metric, mail and
 * refusal is searched for them. A dump by `pg_dump` would show less: the rows are read as a superuser, and the files have what was deleted.
 */
vi.setConfig({ testTimeout: 180_000 });

const messages: Buffer[] = [];
let stack: Stack;
let spy: ChannelModel;
let mailFile: string | undefined;
let transactionId: string;

beforeAll(async () => {
  const mails = path.join(fs.mkdtempSync('/tmp/piggybank-mails-'), 'mails');
  stack = await launchStack({
    LOG_LEVEL: 'debug',
    MESSAGE_DELAYS_MS: '100,100,100',
    RETRY_MIN_MS: '100',
    // A webhook that a loaded machine takes too long for is repeated in two minutes: what it says is read before.
    SWEEP_INTERVAL_MS: '300',
    DEPOSIT_READ_AFTER_MS: '5000',
    WITHDRAWAL_READ_AFTER_MS: '5000',
    EARLY_READ_STEPS_MS: '2000,5000',
    READ_STEPS_MS: '5000,10000',
    SIMULATOR__PAYOUT_SETTLE_MS: '200',
    MAIL_URL: `file://${mails}`,
  });
  mailFile = mails;
  spy = await amqp.connect(stack.describe().amqp_url);
  const channel = await spy.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'piggybank.events', '#');
  for (const tier of [1, 2, 3]) await channel.bindQueue(queue, `delay.${tier}`, '');
  await channel.consume(queue, (message) => {
    if (message !== null)
      messages.push(message.content, Buffer.from(JSON.stringify([message.fields, message.properties])));
  });
  transactionId = await liveWithCanaries(stack);
}, 300_000);
afterAll(async () => {
  await spy?.close();
  await stack?.close();
  if (mailFile !== undefined) fs.rmSync(path.dirname(mailFile), { recursive: true, force: true });
}, 60_000);

/** Every row of every table, views' sources and system tables apart, as text: bytes in hexadecimal. */
async function dump(service: Service): Promise<{ table: string; text: string }[]> {
  const client = new pg.Client({ connectionString: stack.describe().services[service].admin_database_url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind IN ('r', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
    );
    const dumped = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT each::text AS row FROM ${name} each`);
      dumped.push({ table: `${service} ${name}`, text: rows.map(({ row }) => row).join('\n') });
    }
    return dumped;
  } finally {
    await client.end();
  }
}

const kept = (): Secrets => JSON.parse(fs.readFileSync(path.join(stack.folder, 'secrets.json'), 'utf8'));
/** What must be nowhere: what was typed, what was given out, and what the system keeps its secrets by. */
function secrets(): Canaries {
  const { internalKeys, rolePasswords, sealingKeys, cursorKey, jwtPrivateKey, revioApiKey, postgresPassword } = kept();
  const of = (name: string, each: Record<string, string>) =>
    Object.fromEntries(Object.entries(each).map(([service, value]) => [`${name} of ${service}`, value]));
  return {
    ...sent,
    ...tokens,
    ...of('internal key', internalKeys),
    ...of('database password', rolePasswords),
    'sealing key': sealingKeys.split(':')[1] ?? '',
    'cursor key': cursorKey,
    'JWT key': jwtPrivateKey.split('\n')[2] ?? '',
    'Revio key': revioApiKey,
    'superuser password': postgresPassword,
  };
}

const nothing = (found: Record<string, string[]>) =>
  expect(Object.fromEntries(Object.entries(found).filter(([, names]) => names.length > 0))).toEqual({});
const logs = () =>
  serviceNames.map((service) => ({ service, text: fs.readFileSync(stack.describe().services[service].log) }));

test('A8: no row of any database shows a secret, and no other database than the gateway’s an e-mail', async () => {
  const tables = (await Promise.all(serviceNames.map(dump))).flat();
  expect(tables.filter(({ text }) => text.includes(transactionId)).length).toBeGreaterThan(5);
  const find = finder({ ...secrets(), email });
  const found = Object.fromEntries(tables.map(({ table, text }) => [table, find(text)]));
  expect(found['gateway public.users']).toEqual(['email']);
  nothing({ ...found, 'gateway public.users': [] });
});

test('A8: neither do the files that PostgreSQL and RabbitMQ keep, what was deleted there included', async () => {
  await asSuperuser('payments', 'CHECKPOINT');
  const find = finder(secrets(), { encoded: false });
  const found: Record<string, string[]> = {};
  const withTransactions = new Set<string>();
  for (const { name, bytes } of filesIn(stack.folder)) {
    const [store] = /^(postgres\/data\/(base|pg_wal)|rabbitmq\/(mnesia|log))\//.exec(name) ?? [];
    if (store === undefined) continue;
    if (bytes.includes(transactionId)) withTransactions.add(store);
    found[name] = find(bytes);
  }
  expect([...withTransactions].sort()).toEqual(['postgres/data/base/', 'postgres/data/pg_wal/', 'rabbitmq/mnesia/']);
  nothing(found);
});

test('A8: no log of any service shows a secret or an e-mail, at debug level', () => {
  const find = finder({ ...secrets(), email });
  expect(logs().filter(({ text }) => text.includes(transactionId)).length).toBeGreaterThan(2);
  nothing(Object.fromEntries(logs().map(({ service, text }) => [service, find(text)])));
});

test('A8: neither do messages, their headers, metrics, mails, refusals and what staff is shown', async () => {
  const find = finder({ ...secrets(), email });
  const metrics = await Promise.all(
    serviceNames.map(async (service) => (await fetch(`${stack.describe().services[service].ops_url}/metrics`)).text()),
  );
  const mails = fs.readFileSync(mailFile ?? '', 'utf8');
  expect(messages.some((content) => content.includes(transactionId))).toBe(true);
  expect(mails).toContain(email);
  expect(metrics.every((page) => page.includes('http_server_request_duration_seconds'))).toBe(true);
  expect(refusals.length).toBeGreaterThan(20);
  nothing({
    messages: find(Buffer.concat(messages)),
    metrics: find(metrics.join('\n')),
    mails: find(mails).filter((name) => name !== 'email'),
    // Whoever names a field wrongly is told its name.
    refusals: find(refusals.join('\n')).filter((name) => name !== 'password as the name of a field'),
    staff: find(staffSaw.join('\n')).filter((name) => name !== 'email'),
  });
});
