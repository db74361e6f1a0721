import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { connect } from 'amqplib';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Envelope, eventTypes, listensTo, parseEnvelope, type ServiceName, serviceNames } from '#libs/contracts';
import { amqpPrefix, poll } from '#libs/testing';
import { freePort } from '../deploy/local/free-port.ts';
import { type System, startSystem } from './system/start-system.ts';

/**
 * O5: while a release rolls, and from queues that were full before it, today's consumers read what older publishers wrote. The messages
 * in fixtures/events were recorded when they were released and are never changed; what a later version adds gets messages of its own.
 */
const folder = path.join(import.meta.dirname, 'fixtures/events');
const recorded: Envelope[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')));

test('O5: there are recorded messages of every event', () => {
  expect([...new Set(recorded.map(({ type }) => type))].toSorted()).toEqual(eventTypes.toSorted());
});

test.each(recorded)('O5: $type $id is read, and nothing in it is passed over', (message) => {
  expect(parseEnvelope(JSON.stringify(message))).toEqual(message);
});

test.each(recorded)('O5: $type $id is read with what a newer publisher adds, which is passed over', (message) => {
  const newer = { ...message, added: 1, data: { ...message.data, added_later: { deep: true } } };
  expect(parseEnvelope(JSON.stringify(newer))).toEqual(message);
});

const prefix = amqpPrefix();
let system: System;
let opsPorts: Record<ServiceName, number>;
beforeAll(async () => {
  const ports = await Promise.all(serviceNames.map(async (service) => [service, await freePort()] as const));
  opsPorts = Object.fromEntries(ports) as Record<ServiceName, number>;
  system = await startSystem({
    env: { AMQP_PREFIX: prefix, MESSAGE_DELAYS_MS: '100,100,100' },
    settings: Object.fromEntries(ports.map(([service, port]) => [service, { OPS_PORT: String(port) }])),
  });
});
afterAll(() => system?.close());

/** How many messages of each type a service is done with, for good or ill: `wallet payments.void-requested.v1` → 3. */
async function doneWith(): Promise<Map<string, number>> {
  const done = new Map<string, number>();
  for (const service of serviceNames) {
    const text = await (await fetch(`http://127.0.0.1:${opsPorts[service]}/metrics`)).text();
    for (const [, labels = '', count] of text.matchAll(/^messages_processed_total\{([^}]*)\} (\d+)$/gm)) {
      const [, type] = /type="([^"]+)"/.exec(labels) ?? [];
      const isEnd = /outcome="(processed|dead)"/.test(labels);
      if (isEnd) done.set(`${service} ${type}`, (done.get(`${service} ${type}`) ?? 0) + Number(count));
    }
  }
  return done;
}

async function publishAll(): Promise<void> {
  const connection = await connect(inject('amqpUrl'));
  const channel = await connection.createConfirmChannel();
  for (const message of recorded.toSorted((a, b) => a.time.localeCompare(b.time))) {
    channel.publish(`${prefix}piggybank.events`, message.type, Buffer.from(JSON.stringify(message)), {
      messageId: message.id,
      type: message.type,
      persistent: true,
    });
  }
  await channel.waitForConfirms();
  await connection.close();
}

async function deadLetters(): Promise<{ consumer: string; type: string; attempts: number }[]> {
  const client = new pg.Client({ connectionString: system.databases.reconciler.ownerUrl });
  await client.connect();
  const { rows } = await client.query('SELECT consumer, type, attempts FROM dead_letters');
  await client.end();
  return rows;
}

/** Facts about a transaction: this system has none of those that the recorded messages speak of, so they wait for one in vain. */
const aboutATransaction = [
  'wallet.hold-placed.v1',
  'wallet.hold-posted.v1',
  'wallet.hold-voided.v1',
  'wallet.deposit-credited.v1',
  'wallet.deposit-reversed.v1',
  'wallet.payout-returned.v1',
  'reconciler.deposit-failed.v1',
];

test('O5 F7: every recorded message gets to today’s consumers; only what knows no such transaction is put aside, after its four tries', async () => {
  await system.funded('1.00');
  await system.assertPromises(); // every queue is bound and quiet
  const before = await doneWith();
  await publishAll();
  await poll(
    async () => {
      const now = await doneWith();
      const missing = serviceNames.flatMap((service) =>
        listensTo(service).filter((type) => {
          const wanted = recorded.filter((message) => message.type === type).length;
          return (now.get(`${service} ${type}`) ?? 0) < (before.get(`${service} ${type}`) ?? 0) + wanted;
        }),
      );
      if (missing.length > 0) throw new Error(`not done with ${missing}`);
      return true;
    },
    { timeoutMs: 60_000, intervalMs: 200 },
  );
  await poll(async () => {
    const types = (await deadLetters()).map(({ type }) => type);
    return aboutATransaction.every((type) => types.includes(type));
  });
  const dead = await deadLetters();
  expect(dead.filter(({ attempts }) => attempts !== 4)).toEqual([]);
  expect(dead.filter(({ consumer, type }) => consumer !== 'payments' || !aboutATransaction.includes(type))).toEqual([]);
}, 120_000);
