import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FedPosting } from '#libs/contracts';
import { connectDatabase, type Database, over } from '#libs/db';
import { systemClock } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { poll, tcpProxy } from '#libs/testing';
import type { Postings } from '../src/conservation/ask-wallet.ts';
import type { ConservationTx } from '../src/conservation/conservation-store.ts';
import { movementsHeldBackSince } from '../src/conservation/conservation-store.ts';
import { exposeConservation } from '../src/conservation/metrics.ts';
import { watchConservation } from '../src/conservation/watch-conservation.ts';
import { postgresReconcilerTx } from '../src/reconciler-store.ts';
import { payout, purchase, refund, userId } from './samples.ts';
import {
  logger,
  newDepositId,
  newWithdrawalId,
  observed,
  type PostgresWorld,
  payoutTold,
  postgresWorld,
  purchaseTold,
} from './worlds.ts';

const flowMaxMs = 1_800_000;
/** What the wallet has posted, in its order; `null` when it cannot be asked. */
let posted: FedPosting[] | null;
let heldBackSince: Date | null;
let world: PostgresWorld;
let compared: Record<string, number>;

beforeEach(async () => {
  world = await postgresWorld();
  posted = [];
  heldBackSince = null;
  compared = { postings: 0, movements: 0 };
  return () => world.close();
});
afterEach(() => {
  posted = [];
});

const down = (): never => {
  throw new Error('the wallet is down');
};
const postings: Postings = {
  page: async (after, limit) => {
    const all = posted ?? down();
    const start = after === null ? 0 : Number(after);
    const page = all.slice(start, start + limit);
    return { postings: page, next: page.length === 0 ? after : String(start + page.length), heldBackSince };
  },
  find: async (sources) =>
    (posted ?? down()).filter((one) => sources.some((s) => s.kind === one.kind && s.sourceId === one.source_id)),
};

const watching = (db: Database = world.db, holder = randomUUID()) => {
  const clock = { ...systemClock, now: () => world.deps.clock.now() };
  const messages = { source: 'reconciler', newUuid: randomUUID, now: () => clock.now() } as const;
  return watchConservation({
    ...{ sql: db, postings, clock, newUuid: randomUUID, logger, holder, flowMaxMs, intervalMs: 60_000 },
    transact: over<ConservationTx>(db, (sql) => ({ ...postgresReconcilerTx(sql, messages), sql })),
    compared: (feed, count) => {
      compared[feed] = (compared[feed] ?? 0) + count;
    },
  });
};
type Watch = ReturnType<typeof watching>;
/** A look at the given second; whether it was the last that had something to do. */
const lookAt = async (watch: Watch, seconds: number) => {
  world.time.now = seconds;
  // Transactions of other tests on this server hold the horizon back for a moment.
  await poll(async () => (await movementsHeldBackSince(world.db.read)) === null);
  await watch.runOnce();
  return watch.last()?.differences;
};
const post = (changed: Partial<FedPosting> & Pick<FedPosting, 'kind' | 'source_id' | 'transaction_id'>, sign = -1n) => {
  const posting: FedPosting = {
    ...{ id: randomUUID(), settlement: null, user_id: userId, currency: 'ZAR', amount_minor: '15000' },
    system_minor: (sign * BigInt(changed.amount_minor ?? '15000')).toString(),
    created_at: world.deps.clock.now().toISOString(),
    ...changed,
  };
  posted?.push(posting);
  return posting;
};
const settledDeposit = async () => {
  const [dep, objectId] = [newDepositId(), randomUUID()];
  await purchaseTold(world.deps, dep, objectId);
  await observed(world.deps, purchase('paid', { object_id: objectId, reference: dep }));
  return { dep, objectId };
};
const casesOf = async () => (await world.cases()).filter(({ cause }) => cause === 'conservation_broken');
const told = async () => (await world.sent('reconciler.conservation-broken.v1')).map(({ data }) => data);

const [first, second] = [3_600, 7_200];

test('I9: deposit, withdrawal, refund and their postings agree, and leave nothing behind', async () => {
  const { dep, objectId } = await settledDeposit();
  const [wd, payoutId, refundId] = [newWithdrawalId(), randomUUID(), randomUUID()];
  await payoutTold(world.deps, wd, payoutId);
  await observed(world.deps, payout('success', { object_id: payoutId, reference: wd, source: 'read' }));
  await observed(world.deps, refund({ object_id: refundId, purchase_id: objectId, reference: dep }));
  post({ kind: 'credit', source_id: objectId, transaction_id: dep });
  post({ kind: 'hold', source_id: wd, transaction_id: wd, system_minor: '0', amount_minor: '6000' });
  post({ kind: 'settlement', settlement: 'post', source_id: wd, transaction_id: wd, amount_minor: '6000' }, 1n);
  post({ kind: 'settlement', settlement: 'void', source_id: newWithdrawalId(), transaction_id: wd, system_minor: '0' });
  post({ kind: 'reversal', source_id: refundId, transaction_id: dep, amount_minor: '5000' }, 1n);

  const watch = watching();
  expect(await lookAt(watch, 10), 'nothing is old enough').toEqual({ doubted: 0, explained: 0, broken: 0 });
  expect(compared).toEqual({ postings: 0, movements: 0 });
  for (const seconds of [first, second]) {
    expect(await lookAt(watch, seconds)).toEqual({ doubted: 0, explained: 0, broken: 0 });
  }
  expect(compared).toEqual({ postings: 4, movements: 3 });
  expect(await casesOf()).toEqual([]);
});

test('I9 R5: a posting without its object is doubted at the first read, and a break at the second: one case, one freeze', async () => {
  const forged = post({ kind: 'credit', source_id: 'nobody-paid', transaction_id: newDepositId() });
  const watch = watching();
  expect(await lookAt(watch, first)).toEqual({ doubted: 1, explained: 0, broken: 0 });
  expect(await lookAt(watch, first + 1_700), 'not long enough').toMatchObject({ doubted: 1 });
  expect(await told()).toEqual([]);
  expect(await lookAt(watch, second)).toEqual({ doubted: 0, explained: 0, broken: 1 });
  expect(await lookAt(watch, second + 61)).toMatchObject({ broken: 1 });
  const [opened, ...more] = await casesOf();
  expect(more).toEqual([]);
  expect(opened).toMatchObject({
    about: 'credit:nobody-paid',
    transactionId: forged.transaction_id,
    evidence: { difference: ['missing_there'], ledger: { id: forged.id, amount_minor: '15000' }, provider: null },
  });
  expect(await told()).toEqual([
    {
      case_id: opened?.id,
      kind: 'credit',
      source_id: 'nobody-paid',
      difference: ['missing_there'],
      user_id: userId,
      currency: 'ZAR',
    },
  ]);
});

test('I9: money that moved at Revio without its posting is a break, named with the object, until the posting is there', async () => {
  const { dep, objectId } = await settledDeposit();
  const watch = watching();
  expect(await lookAt(watch, first)).toMatchObject({ doubted: 1 });
  expect(await lookAt(watch, second)).toMatchObject({ broken: 1 });
  expect(await casesOf()).toMatchObject([
    {
      transactionId: dep,
      objectId,
      evidence: {
        difference: ['missing_here'],
        ledger: null,
        provider: { object_ids: [objectId], system_minor: '-15000' },
      },
    },
  ]);
  expect(await told()).toMatchObject([{ user_id: userId, difference: ['missing_here'] }]);
  post({ kind: 'credit', source_id: objectId, transaction_id: dep });
  expect(await lookAt(watch, second + 61)).toEqual({ doubted: 0, explained: 0, broken: 0 });
});

test('I9: a posting that came late, between the two reads, is no break', async () => {
  const { dep, objectId } = await settledDeposit();
  const watch = watching();
  expect(await lookAt(watch, first)).toMatchObject({ doubted: 1 });
  post({ kind: 'credit', source_id: objectId, transaction_id: dep });
  expect(await lookAt(watch, second)).toEqual({ doubted: 0, explained: 0, broken: 0 });
  expect(await casesOf()).toEqual([]);
});

test.each<[string, Partial<FedPosting>, string[]]>([
  ['another amount', { amount_minor: '14999', system_minor: '-14999' }, ['amount']],
  ['entries that moved another amount', { system_minor: '-14999' }, ['amount', 'entries']],
  ['the wallet of somebody else', { user_id: randomUUID() }, ['user']],
  ['another currency', { currency: 'USD' }, ['currency']],
])('I9: %s is a break', async (_what, changed, difference) => {
  const { dep, objectId } = await settledDeposit();
  const posting = post({ kind: 'credit', source_id: objectId, transaction_id: dep, ...changed });
  const watch = watching();
  for (const seconds of [first, second]) await lookAt(watch, seconds);
  expect(await told()).toMatchObject([{ difference, user_id: posting.user_id, currency: posting.currency }]);
});

test('I9 I8: a hold that was voided while its payout moved, and a second payout of one withdrawal, are breaks', async () => {
  const watch = watching();
  const claims = [newWithdrawalId(), newWithdrawalId()] as const;
  for (const wd of claims) {
    const payoutId = randomUUID();
    await payoutTold(world.deps, wd, payoutId);
    await observed(world.deps, payout('success', { object_id: payoutId, reference: wd, source: 'read' }));
  }
  const common = { kind: 'settlement', amount_minor: '6000' } as const;
  post({ ...common, settlement: 'void', source_id: claims[0], transaction_id: claims[0], system_minor: '0' });
  post({ ...common, settlement: 'post', source_id: claims[1], transaction_id: claims[1] }, 1n);
  await observed(world.deps, payout('success', { object_id: randomUUID(), reference: claims[1], source: 'read' }));
  await world.db.read.run(`UPDATE cases SET status = 'dismissed', closed_at = now()`);
  for (const seconds of [first, second]) await lookAt(watch, seconds);
  const broken = (await told()) as { source_id: string; difference: string[] }[];
  expect(broken.map(({ source_id, difference }) => [source_id, ...difference]).toSorted()).toEqual(
    claims.map((wd) => [wd, 'amount']).toSorted(),
  );
});

test('I9: a payout that moved before anybody claimed it is compared under its withdrawal once it is known', async () => {
  const [wd, payoutId] = [newWithdrawalId(), randomUUID()];
  await world.deps.transact((tx) =>
    tx.noteMovement({
      ...{ objectId: payoutId, kind: 'settlement', currency: 'ZAR', amountMinor: 6_000n },
      ...{ placeId: payoutId, notedAt: world.deps.clock.now() },
    }),
  );
  const watch = watching();
  expect(await lookAt(watch, first)).toMatchObject({ doubted: 1 });
  await payoutTold(world.deps, wd, payoutId);
  expect(await lookAt(watch, second)).toMatchObject({ broken: 1 });
  expect(await told()).toMatchObject([{ source_id: payoutId, user_id: userId, difference: ['missing_here'] }]);
  post({ kind: 'settlement', settlement: 'post', source_id: wd, transaction_id: wd, amount_minor: '6000' }, 1n);
  expect(await lookAt(watch, second + 61)).toEqual({ doubted: 0, explained: 0, broken: 0 });
});

test('I9: an open case explains a difference; once it is dismissed, the difference is a break', async () => {
  const [dep, objectId] = [newDepositId(), randomUUID()];
  await purchaseTold(world.deps, dep, objectId);
  const payment = { is_outgoing: false, amount_minor: '16000', fee_minor: '0', currency: 'ZAR' };
  await observed(world.deps, purchase('paid', { object_id: objectId, reference: dep, payment }));
  expect(await world.cases()).toMatchObject([{ cause: 'amount_mismatch' }]);
  const watch = watching();
  for (const seconds of [first, second]) await lookAt(watch, seconds);
  expect(watch.last()?.differences).toEqual({ doubted: 0, explained: 1, broken: 0 });
  await world.db.read.run(`UPDATE cases SET status = 'dismissed', closed_at = now()`);
  expect(await lookAt(watch, second + 1_900)).toEqual({ doubted: 0, explained: 0, broken: 1 });
  expect(await told()).toMatchObject([{ difference: ['missing_here'] }]);
});

test('M11: a break that is there after its freeze was lifted freezes again; that its own case is open explains nothing', async () => {
  post({ kind: 'credit', source_id: 'nobody-paid', transaction_id: newDepositId() });
  const watch = watching();
  for (const seconds of [first, second, second + 900, second + 1_801]) await lookAt(watch, seconds);
  const freezes = await world.sent('reconciler.conservation-broken.v1');
  expect(new Set(freezes.map(({ id }) => id)).size).toBe(2);
  expect(await casesOf()).toHaveLength(1);
});

test('R4 I9: an adjustment that nobody approved is a break; the case of a break is ended by two people', async () => {
  post({ kind: 'adjustment', source_id: 'adj_forged', transaction_id: 'adj_forged' });
  const watch = watching();
  for (const seconds of [first, second]) await lookAt(watch, seconds);
  expect(watch.last()?.differences).toMatchObject({ broken: 1 });
  const [opened] = await casesOf();
  const owner = new pg.Client({ connectionString: world.ownerUrl });
  await owner.connect();
  await owner.query('ALTER TABLE proposals DISABLE TRIGGER proposals_decided_once');
  await owner.query(
    `INSERT INTO proposals (id, kind, case_id, content, content_hash, proposed_by, proposed_at, expires_at, state, decided_by, decided_at)
     SELECT 'adj_1', 'adjustment', $1, c, encode(sha256(convert_to(c, 'UTF8')), 'hex'), gen_random_uuid(), now(), now() + interval '1 day',
       'executed', gen_random_uuid(), now() FROM (SELECT '{"amount_minor":"15000"}' AS c) content`,
    [opened?.id],
  );
  await owner.end();
  expect(await lookAt(watch, second + 61)).toEqual({ doubted: 0, explained: 1, broken: 0 });
});

test('R5: the wallet or the database stops → the gauges are absent, never zero, and the time of success stands still', async () => {
  const proxy = await tcpProxy(world.ownerUrl);
  const through = { url: proxy.url, entities: [], poolMax: 2, applicationName: 'conservation', logger };
  const db = await connectDatabase(through);
  const watch = watching(db);
  const metrics = createMetrics('reconciler');
  exposeConservation(metrics, { last: watch.last, clock: systemClock, intervalMs: 60_000 });
  const text = async () => (await metrics.render()).text;
  const gauges = async () =>
    (await text()).split('\n').filter((line) => /^conservation_(breaks|differences)/.test(line));
  const succeededAt = async () => /^conservation_last_success_timestamp_seconds.* (.+)$/m.exec(await text())?.[1];
  expect([await gauges(), await succeededAt()], 'before the first look').toEqual([[], undefined]);

  await lookAt(watch, first);
  expect(await gauges()).toHaveLength(4);
  expect(await gauges()).toContain('conservation_breaks_open{service="reconciler"} 0');
  const at = await succeededAt();
  posted = null;
  await expect(watch.runOnce()).rejects.toThrow('the wallet is down');
  expect([await gauges(), await succeededAt()]).toEqual([[], at]);
  posted = [];
  await watch.runOnce();
  expect(await gauges()).toHaveLength(4);
  const later = await succeededAt();
  proxy.cut();
  await proxy.close();
  await expect(watch.runOnce()).rejects.toThrow();
  expect([await gauges(), await succeededAt()]).toEqual([[], later]);
  await db.close();
});

test('R5: what is old enough and still hidden by an open transaction is a failure, not the end of the feed', async () => {
  const watch = watching();
  await lookAt(watch, first);
  heldBackSince = new Date(world.deps.clock.now().getTime() - flowMaxMs);
  await expect(watch.runOnce()).rejects.toThrow('held back');
  expect(watch.last()).toBeUndefined();

  heldBackSince = null;
  const open = await connectDatabase({
    url: world.ownerUrl,
    entities: [],
    poolMax: 1,
    applicationName: 'open',
    logger,
  });
  await open.transact(async (sql) => {
    await sql.run('CREATE TEMP TABLE any_writer AS SELECT 1');
    await settledDeposit();
    world.time.now = second;
    await expect(watch.runOnce()).rejects.toThrow('held back');
  });
  await open.close();
});

test('R6 F4: of two replicas one looks; the other goes on from the cursors after its lease, and a page read twice changes nothing', async () => {
  const { dep, objectId } = await settledDeposit();
  post({ kind: 'credit', source_id: objectId, transaction_id: dep });
  post({ kind: 'credit', source_id: 'nobody-paid', transaction_id: newDepositId() });
  const [one, two] = [watching(), watching()];
  await lookAt(one, first);
  await two.runOnce();
  expect(two.last()).toBeUndefined();
  await world.db.read.run('UPDATE leases SET expires_at = now()');
  await world.db.read.run('UPDATE feed_cursors SET cursor = $1 WHERE feed = $2', ['0', 'postings']);
  expect(await lookAt(two, first + 60)).toEqual({ doubted: 1, explained: 0, broken: 0 });
  expect(compared).toEqual({ postings: 4, movements: 1 });
});

test('I9: a page larger than one is read to its end, and what is too young waits behind its cursor', async () => {
  for (let n = 0; n < 450; n++)
    post({ kind: 'hold', source_id: `wd_${n}`, transaction_id: `wd_${n}`, system_minor: '0' });
  world.time.now = 3_000;
  post({ kind: 'credit', source_id: 'young', transaction_id: newDepositId() });
  const watch = watching();
  expect(await lookAt(watch, first)).toMatchObject({ doubted: 0 });
  const [row] = await world.db.read.rows<{ cursor: string }>(`SELECT cursor FROM feed_cursors WHERE feed = 'postings'`);
  expect(row?.cursor).toBe('450');
  expect(await lookAt(watch, 4_900)).toMatchObject({ doubted: 1 });
});
