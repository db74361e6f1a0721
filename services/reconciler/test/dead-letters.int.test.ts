import { randomUUID } from 'node:crypto';
import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type EventData, envelope } from '#libs/contracts';
import { acquireLease, connectDatabase, type Database, over } from '#libs/db';
import {
  type Broker,
  connectBroker,
  openRedelivery,
  postgresMessages,
  startCollector,
  startConsumer,
} from '#libs/messaging';
import { newId, systemClock } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, type FreshDatabase, freshDatabase, poll, type TcpProxy, tcpProxy } from '#libs/testing';
import { cancelReplay } from '../src/dead-letters/cancel-replay.ts';
import { collectDeadMessage } from '../src/dead-letters/collect-dead-message.ts';
import { postgresDeadLetters } from '../src/dead-letters/dead-letter-store.ts';
import type { DeadLetterDeps } from '../src/dead-letters/deps.ts';
import { discardDeadLetter } from '../src/dead-letters/discard-dead-letter.ts';
import { deadLetterMetrics } from '../src/dead-letters/metrics.ts';
import { replayDeadLetters } from '../src/dead-letters/replay-dead-letters.ts';
import type { ReplayProgress } from '../src/dead-letters/replay-store.ts';
import { startReplay, tryReplay } from '../src/dead-letters/start-replay.ts';
import { entities } from '../src/entities.ts';
import type { Person } from '../src/people/act.ts';
import { logger } from './worlds.ts';

/** The reconciler's dead letters between a real broker, a real database, and a consumer that plays the wallet. */

const prefix = amqpPrefix();
const admin: Person = { userId: randomUUID(), role: 'admin' };
const type = 'payments.void-requested.v1';

let fresh: FreshDatabase;
let walletFresh: FreshDatabase;
let db: Database;
let wallet: Database;
let proxy: TcpProxy;
let broker: Broker;
let raw: ChannelModel;
let channel: Channel;
let deps: DeadLetterDeps;
let redelivery: ReturnType<typeof openRedelivery>;
let collector: ReturnType<typeof startCollector>;
let consumer: { stop(): Promise<void> };
const metrics = createMetrics('reconciler');
/** The wallet's: what it applied, and which messages it fails on. */
const effects: string[] = [];
const poisoned = new Set<string>();
const delivered: string[] = [];

beforeAll(async () => {
  [fresh, walletFresh, raw] = await Promise.all([
    freshDatabase('reconciler'),
    freshDatabase('wallet'),
    amqplib.connect(inject('amqpUrl')),
  ]);
  proxy = await tcpProxy(fresh.url);
  const connect = (url: string, applicationName: string) =>
    connectDatabase({ url, entities: [...entities], poolMax: 8, applicationName, logger });
  [db, wallet] = await Promise.all([connect(proxy.url, 'reconciler'), connect(walletFresh.url, 'wallet')]);
  broker = await connectBroker({ url: inject('amqpUrl'), prefix, logger, metrics });
  channel = await raw.createChannel();
  redelivery = openRedelivery(broker);
  const base = db;
  const messages = { source: 'reconciler', newUuid: randomUUID, now: () => new Date() } as const;
  deps = {
    transact: over(base, (sql) => postgresDeadLetters(sql, messages)),
    clock: systemClock,
    newUuid: randomUUID,
    redelivery,
    handledBy: async (queue, ids) =>
      queue === 'wallet' ? new Set(await inWallet((tx) => tx.handledAmong(ids))) : null,
    counted: deadLetterMetrics(metrics, { read: base.read, collecting: () => collector.collecting() }),
    wakeReplays: () => undefined,
    wakeRelay: () => undefined,
  };
  collector = newCollector();
  consumer = startConsumer({
    broker,
    service: 'wallet',
    handlers: { [type]: handle },
    logger,
    metrics,
    delaysMs: [20, 20, 20],
  });
  await poll(() => collector.collecting() && redelivery.available());
});
afterAll(async () => {
  for (const each of [consumer, collector, redelivery]) await each?.stop();
  await Promise.all([broker?.close(), raw?.close(), db?.close(), wallet?.close()]);
  await proxy?.close();
  await Promise.all([fresh?.close(), walletFresh?.close()]);
});
beforeEach(() => poisoned.clear());

const newCollector = () => startCollector({ broker, logger, collect: (message) => collectDeadMessage(deps, message) });

const inWallet = <R>(work: (tx: ReturnType<typeof postgresMessages>) => Promise<R>): Promise<R> =>
  wallet.transact((sql) =>
    work(postgresMessages(sql, { source: 'wallet', newUuid: randomUUID, now: () => new Date() })),
  );

async function handle(event: { id: string }): Promise<void> {
  delivered.push(event.id);
  if (poisoned.has(event.id)) throw Object.assign(new Error('not this one'), { code: 'E_POISON' });
  await inWallet(async (tx) => {
    if (await tx.claimMessage(event.id)) effects.push(event.id);
  });
}

const data = (): EventData<typeof type> => ({
  transaction_id: newId('wd'),
  user_id: randomUUID(),
  currency: 'ZAR',
  amount_minor: '15000',
  reason: 'cancelled',
});

function send({ isPoison = false } = {}): string {
  const made = envelope('payments', type, data(), { id: randomUUID(), time: new Date() });
  if (isPoison) poisoned.add(made.id);
  channel.publish(broker.names.exchange, type, Buffer.from(JSON.stringify(made)), { messageId: made.id, type });
  return made.id;
}

const letterOf = async (messageId: string) =>
  (await deps.transact((tx) => tx.listDeadLetters({}, { after: null, limit: 1_000 }))).find(
    (letter) => letter.messageId === messageId,
  );
const dead = (messageId: string, deaths = 1) =>
  poll(async () => {
    const letter = await letterOf(messageId);
    return letter?.deaths === deaths && letter.state === 'open' ? letter : undefined;
  });
const applied = (messageId: string) => poll(() => effects.includes(messageId));
const timesApplied = (messageId: string) => effects.filter((id) => id === messageId).length;
const timesDelivered = (messageId: string) => delivered.filter((id) => id === messageId).length;

const worker = { holdsLease: async () => true, logger };
const work = (changed: object = {}) => replayDeadLetters({ ...deps, ...worker, ...changed });
async function replay(ids: string[]): Promise<ReplayProgress> {
  const job = await startReplay(deps, admin, { ids });
  if (typeof job === 'string') throw new Error(job);
  return job;
}
const jobOf = async (id: string) => {
  const job = await deps.transact((tx) => tx.findReplay(id));
  if (job === null) throw new Error('no such job');
  return job;
};
const actions = async (about: string) =>
  (
    await db.read.rows<{ action: string; actor: string; note: string | null }>(
      'SELECT action, actor_id AS actor, note FROM acts WHERE about = $1 ORDER BY sequence',
      [about],
    )
  ).map(({ action, actor, note }) => [action, actor, note]);
const audited = async (about: string) =>
  (
    await db.read.rows<{ action: string }>(
      `SELECT envelope->'data'->>'action' AS action FROM outbox
       WHERE type = 'reconciler.audited.v1' AND envelope->'data'->>'about' = $1 ORDER BY id`,
      [about],
    )
  ).map(({ action }) => action);
const metric = async (line: string) =>
  (await metrics.render()).text
    .split('\n')
    .find((text) => text.startsWith(line))
    ?.split(' ')
    .at(-1);

test('W8 F7: a poison message comes to people after its four tries, with its story, while the others flow', async () => {
  const poison = send({ isPoison: true });
  const sound = [send(), send(), send()];
  for (const id of sound) await applied(id);
  const letter = await dead(poison);
  expect(timesDelivered(poison)).toBe(4);
  expect(letter).toMatchObject({
    consumer: 'wallet',
    type,
    reason: 'Error E_POISON',
    attempts: 4,
    state: 'open',
    traceparent: expect.stringMatching(/^00-/),
    correlationId: expect.stringMatching(/^wd_/),
    headers: { 'x-attempt': 4, 'x-reason': 'Error E_POISON' },
  });
  expect(JSON.parse(letter.content.toString())).toMatchObject({ id: poison, type });
  expect(timesApplied(poison)).toBe(0);
});

test('W8 M6: a replay keeps the id, is handled once, and a second replay does nothing', async () => {
  const id = send({ isPoison: true });
  const letter = await dead(id);
  poisoned.delete(id);
  const job = await replay([letter.id]);
  expect(await work()).toBe(1);
  await applied(id);
  expect(await letterOf(id)).toMatchObject({ state: 'replayed', replays: 1, deaths: 1 });
  await work();
  expect(await jobOf(job.id)).toMatchObject({ state: 'done', total: 1, done: 1, diedAgain: 0 });

  const before = timesDelivered(id);
  await replay([letter.id]);
  await work();
  await poll(() => timesDelivered(id) > before);
  const last = send();
  await applied(last);
  expect(timesApplied(id)).toBe(1);
  expect(await actions(job.id)).toEqual([['dead_letter_replay_started', admin.userId, null]]);
  expect(await audited(job.id)).toEqual(['dead_letter_replay_started']);
});

test('W8: what dies again after a replay is open again, with both deaths', async () => {
  const id = send({ isPoison: true });
  const letter = await dead(id);
  const job = await replay([letter.id]);
  await work();
  expect(await dead(id, 2)).toMatchObject({ state: 'open', replays: 1 });
  expect(timesDelivered(id)).toBe(8);
  expect(await deps.transact((tx) => tx.deathsOf(letter.id, 9))).toHaveLength(2);
  expect(await jobOf(job.id)).toMatchObject({ done: 1, diedAgain: 1 });
});

test('W8: a dry run says what a replay would come to, and moves nothing', async () => {
  const [done, todo] = [send({ isPoison: true }), send({ isPoison: true })];
  const letters = await Promise.all([dead(done), dead(todo)]);
  channel.sendToQueue(broker.names.dead('wallet'), Buffer.from('{"half": '), { messageId: 'junk-1' });
  const junk = await dead('junk-1');
  channel.sendToQueue(broker.names.dead('gateway'), mailFact(), { messageId: 'mail-1' });
  const mail = await dead('mail-1');
  await inWallet((tx) => tx.claimMessage(done));
  const foretold = await tryReplay(deps, { ids: [...letters.map(({ id }) => id), junk.id, mail.id] });
  expect(new Map(foretold.map(({ letter, effect, detail }) => [letter.messageId, [effect, detail]]))).toEqual(
    new Map([
      [done, ['none', 'already applied: none']],
      [todo, ['handled', `would be handled by wallet as ${type}`]],
      ['junk-1', ['dies_again', 'wallet cannot read it: it would be dead-lettered again']],
      ['mail-1', ['unknown', 'gateway cannot be asked']],
    ]),
  );
  expect(await work()).toBe(0);
  expect((await letterOf(todo))?.state).toBe('open');

  poisoned.delete(done);
  const before = timesDelivered(done);
  await replay([letters[0].id]);
  await work();
  await poll(() => timesDelivered(done) > before);
  await applied(send());
  expect(timesApplied(done)).toBe(0);
});

function mailFact(): Buffer {
  const { reason: _, ...money } = data();
  const fact = { ...money, kind: 'withdrawal' } as const;
  return Buffer.from(
    JSON.stringify(
      envelope('payments', 'payments.transaction-completed.v1', fact, { id: randomUUID(), time: new Date() }),
    ),
  );
}

test('F4: who dies between putting back and marking leaves it to be put back again; the inbox makes one effect of it', async () => {
  const id = send({ isPoison: true });
  const letter = await dead(id);
  poisoned.delete(id);
  const job = await replay([letter.id]);
  const before = timesDelivered(id);
  const dying: DeadLetterDeps['transact'] = (run, options) =>
    deps.transact(async (tx) => {
      const result = await run({ ...tx, markReplayed: () => Promise.reject(new Error('killed')) });
      return result;
    }, options);
  await expect(work({ transact: dying })).rejects.toThrow('killed');
  expect(await jobOf(job.id)).toMatchObject({ state: 'running', waiting: 1, done: 0 });
  expect(await work()).toBe(1);
  await poll(() => timesDelivered(id) === before + 2);
  await applied(id);
  await applied(send());
  expect(timesApplied(id)).toBe(1);
  expect(await letterOf(id)).toMatchObject({ state: 'replayed', replays: 1 });
});

test('F7: a message that dies again before its replay is marked stays open: its row is all that is left of it', async () => {
  const id = send({ isPoison: true });
  const letter = await dead(id);
  await replay([letter.id]);
  const slow: DeadLetterDeps['redelivery'] = {
    ...redelivery,
    redeliver: async (message) => {
      await redelivery.redeliver(message);
      await dead(id, 2);
    },
  };
  expect(await work({ redelivery: slow })).toBe(1);
  expect(await letterOf(id)).toMatchObject({ state: 'open', deaths: 2, replays: 1 });
});

test('W8: many are replayed as one job, with progress, and cancelled half-way: the rest stays dead', async () => {
  const ids = Array.from({ length: 7 }, () => send({ isPoison: true }));
  const letters = await Promise.all(ids.map((id) => dead(id)));
  poisoned.clear();
  const job = await replay(letters.map(({ id }) => id));
  expect(await work({ batchMax: 3 })).toBe(3);
  expect(await jobOf(job.id)).toMatchObject({ state: 'running', total: 7, done: 3, waiting: 4 });
  expect(await cancelReplay(deps, admin, job.id)).toMatchObject({ state: 'cancelled', done: 3, cancelled: 4 });
  expect(await cancelReplay(deps, admin, job.id)).toBe('replay_ended');
  expect(await cancelReplay(deps, admin, randomUUID())).toBe('not_found');
  expect(await work()).toBe(0);
  await poll(() => ids.filter((id) => effects.includes(id)).length === 3);
  const states = await Promise.all(ids.map(async (id) => (await letterOf(id))?.state));
  expect(states.filter((state) => state === 'open')).toHaveLength(4);
  expect((await actions(job.id)).map(([action]) => action)).toEqual([
    'dead_letter_replay_started',
    'dead_letter_replay_cancelled',
  ]);

  const filter = { queue: 'wallet', reason: 'Error E_POISON' };
  const openOnes = await deps.transact((tx) =>
    tx.listDeadLetters({ ...filter, state: 'open' }, { after: null, limit: 999 }),
  );
  expect(await startReplay(deps, admin, { filter })).toMatchObject({ total: openOnes.length });
  while ((await work()) > 0);
  for (const id of ids) await applied(id);
  expect(ids.map(timesApplied)).toEqual(ids.map(() => 1));
  await deps.transact((tx) => tx.endReplays(new Date()));
});

test('R6: two replicas do one job, and what one left half-way the other ends', async () => {
  const ids = Array.from({ length: 6 }, () => send({ isPoison: true }));
  const letters = await Promise.all(ids.map((id) => dead(id)));
  poisoned.clear();
  const before = ids.map(timesDelivered);
  const job = await replay(letters.map(({ id }) => id));
  const replica = (holder: string) => () =>
    work({ batchMax: 2, holdsLease: async () => (await acquireLease(db.read, 'test', holder, 300)) !== null });
  const [one, two] = [replica('one'), replica('two')];
  expect([await one(), await two(), await one()]).toEqual([2, 0, 2]);
  // The first is gone. Its lease ends, and the other goes on where it stopped.
  await poll(async () => (await two()) > 0);
  expect(await jobOf(job.id)).toMatchObject({ done: 6, waiting: 0 });
  for (const id of ids) await applied(id);
  await poll(() => ids.every((id, at) => timesDelivered(id) === (before[at] ?? 0) + 1));
});

test('F5 W8: without the broker a job waits; one message that cannot be published does not keep its job from ending', async () => {
  const [stuck, sound] = [send({ isPoison: true }), send({ isPoison: true })];
  const letters = await Promise.all([dead(stuck), dead(sound)]);
  poisoned.clear();
  const job = await replay(letters.map(({ id }) => id));
  expect(await work({ redelivery: { ...redelivery, available: () => false } })).toBe(0);
  const picky: DeadLetterDeps['redelivery'] = {
    ...redelivery,
    redeliver: async (message) => {
      if (message.messageId === stuck) throw new Error('refused');
      await redelivery.redeliver(message);
    },
  };
  expect(await work({ redelivery: picky })).toBe(1);
  await applied(sound);
  // The connection was lost meanwhile: that is no try.
  const isThere = [true, false];
  await work({ redelivery: { ...picky, available: () => isThere.shift() ?? false } });
  expect(await jobOf(job.id)).toMatchObject({ state: 'running', done: 1, waiting: 1 });
  for (const _ of [2, 3, 4, 5]) await work({ redelivery: picky });
  expect(await jobOf(job.id)).toMatchObject({ done: 1, failed: 1, waiting: 0 });
  await work();
  expect(await jobOf(job.id)).toMatchObject({ state: 'done' });
  expect(await letterOf(stuck)).toMatchObject({ state: 'open', replays: 0 });
});

test('W8 A7: a discard needs to be open and in no job, keeps its reason, and is not the last word', async () => {
  const id = send({ isPoison: true });
  const letter = await dead(id);
  const job = await replay([letter.id]);
  const discard = (reason = 'sent by a test') => discardDeadLetter(deps, admin, { id: letter.id, reason });
  expect(await discard()).toBe('replay_under_way');
  await cancelReplay(deps, admin, job.id);
  expect(await discard()).toMatchObject({ state: 'discarded', note: 'sent by a test' });
  expect(await discard()).toBe('dead_letter_not_open');
  expect(await actions(letter.id)).toEqual([['dead_letter_discarded', admin.userId, 'sent by a test']]);
  expect(await audited(letter.id)).toEqual(['dead_letter_discarded']);
  expect(await startReplay(deps, admin, { filter: { queue: 'gateway', type } })).toBe('nothing_to_replay');

  poisoned.delete(id);
  await replay([letter.id]);
  await work();
  await applied(id);
  expect(await letterOf(id)).toMatchObject({ state: 'replayed' });
});

test('F4 F6: a death that is delivered twice is one, and with the database down it waits in its queue', async () => {
  const id = randomUUID();
  const message = { messageId: id, headers: { 'x-death-id': randomUUID(), 'x-reason': 'Error', 'x-attempt': 4 } };
  const content = Buffer.from(JSON.stringify(envelope('payments', type, data(), { id, time: new Date() })));
  await proxy.down();
  for (const _ of [1, 2]) channel.sendToQueue(broker.names.dead('wallet'), content, message);
  await poll(async () => (await metric('dead_letters_open{queue="wallet"')) === undefined);
  // The process ends before the database is back: both copies must be in their queue, for the next one to take.
  await collector.stop();
  await poll(async () => (await channel.checkQueue(broker.names.dead('wallet'))).messageCount === 2);
  collector = newCollector();
  await proxy.up();
  expect(await dead(id)).toMatchObject({ deaths: 1, attempts: 4 });
  await poll(async () => (await channel.checkQueue(broker.names.dead('wallet'))).messageCount === 0);
  expect(await dead(id)).toMatchObject({ deaths: 1 });
});

test('F7: what RabbitMQ gave up on, and junk of any kind, is kept as well', async () => {
  const death = {
    'x-death': [{ queue: 'wallet', reason: 'delivery_limit', count: 1 }],
    'x-reason': 'Error of a try before',
  };
  const queue = broker.names.dead('payments');
  channel.sendToQueue(queue, Buffer.from([0, 255, 1]), { messageId: 'given-up', headers: death });
  channel.sendToQueue(queue, Buffer.from('{"type": "a\\u0000b", "id": 7}'), {
    messageId: 'with\u0000nul',
    headers: { odd: 'a\u0000b', 'k\u0000': String.raw`\u0000`, large: '\u{1F4A3}'.repeat(10_000) },
  });
  channel.sendToQueue(queue, Buffer.alloc(0), {});
  channel.sendToQueue(queue, Buffer.from('[]'), {
    messageId: 'bad-headers',
    headers: {
      'x-attempt': 5_000_000_000,
      'x-died-at': '-271821-04-20T00:00:00Z',
      'x-death-id': 'd'.repeat(9_000),
      n: '\\u0000',
    },
  });
  expect(await dead('given-up')).toMatchObject({
    reason: 'delivery_limit',
    content: Buffer.from([0, 255, 1]),
    type: null,
  });
  expect(await dead('with\uFFFDnul')).toMatchObject({ reason: 'unknown' });
  expect(await dead('bad-headers')).toMatchObject({ attempts: 1_000, headers: { n: String.raw`\u0000` } });
  await poll(async () => (await channel.checkQueue(queue)).messageCount === 0);
  const all = await deps.transact((tx) => tx.groupDeadLetters({ queue: 'payments' }, 10));
  expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(4);
});

test('W8: they are listed by queue, state and error, in pages, and grouped by error', async () => {
  const list = (filter: object, after: { diedAt: Date; id: string } | null = null, limit = 1_000) =>
    deps.transact((tx) => tx.listDeadLetters(filter, { after, limit }));
  const all = await list({ queue: 'wallet' });
  expect(all.length).toBeGreaterThan(5);
  const paged: string[] = [];
  for (let after: (typeof all)[number] | null = null; ; ) {
    const page: typeof all = await list({ queue: 'wallet' }, after, 2);
    paged.push(...page.map(({ id }) => id));
    after = page.at(-1) ?? null;
    if (after === null) break;
  }
  expect(paged).toEqual(all.map(({ id }) => id));
  expect((await list({ queue: 'payments' })).every(({ consumer: of }) => of === 'payments')).toBe(true);
  expect((await list({ state: 'open', reason: 'Error E_POISON' })).every(({ state }) => state === 'open')).toBe(true);
  const groups = await deps.transact((tx) => tx.groupDeadLetters({ state: 'open' }, 100));
  const open = await list({ state: 'open' });
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(open.length);
});

test('O4: what waits for people is measured; without the collector nobody knows, and it is absent instead of zero', async () => {
  const open = await deps.transact((tx) =>
    tx.listDeadLetters({ queue: 'wallet', state: 'open' }, { after: null, limit: 999 }),
  );
  expect(await metric('dead_letters_open{queue="wallet"')).toBe(String(open.length));
  expect(Number(await metric('dead_letters_oldest_age_seconds{queue="wallet"'))).toBeGreaterThan(0);
  expect(await metric('dead_letters_open{queue="webhooks"')).toBe('0');
  expect(Number(await metric('dead_letters_replayed_total{queue="wallet"'))).toBeGreaterThan(0);
  expect(await metric('dead_letters_discarded_total{queue="wallet"')).toBe('1');
  await collector.stop();
  await poll(async () => (await metric('dead_letters_open{queue="wallet"')) === undefined);
});

test('A9: neither what was dead-lettered nor what people did about it can be rewritten by the service', async () => {
  for (const change of [
    `UPDATE dead_letters SET content = ''`,
    `UPDATE deaths SET reason = ''`,
    `UPDATE replay_jobs SET requested_by = id`,
    'DELETE FROM dead_letters',
    'DELETE FROM replay_items',
  ])
    await expect(db.read.run(change)).rejects.toThrow(/permission denied/);
});
