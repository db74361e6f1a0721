import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { OneTrip } from '#libs/db';
import { createKeyed } from '#libs/runtime';
import { poll, tcpProxy } from '#libs/testing';
import type { BatchHolds } from '../src/batch-holds.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { LedgerDeps } from '../src/in-wallet.ts';
import type { Claim, Hold, Owner } from '../src/ledger/ledger.ts';
import type { Limits } from '../src/ledger/limits.ts';
import { placeHolds } from '../src/ledger/place-holds.ts';
import { reverseDeposit } from '../src/reverse-deposit.ts';
import { depositOf, foreignId, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

/** Holds in batches (M4, issue 6 section 4): each gets what it would get alone, whoever travels with it. */
let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let batching: LedgerDeps & { batchHolds: BatchHolds };
/** No batch beside it: two that meet on the few pages of a new database can conflict twice, and leave all of their holds to the rule. */
let oneLane: LedgerDeps & { batchHolds: BatchHolds };
let probe: pg.Client;
beforeAll(async () => {
  ledger = await postgresTestLedger();
  batching = requireBatching(await ledger.another({ batchMax: 64 }));
  oneLane = requireBatching(await ledger.another({ batchMax: 64, lanes: 1 }));
  probe = new pg.Client({ connectionString: ledger.ownerUrl });
  await probe.connect();
});
afterEach(() => ledger.expectSound());
afterAll(async () => {
  await probe.end();
  await ledger.close();
});

function requireBatching(deps: LedgerDeps): LedgerDeps & { batchHolds: BatchHolds } {
  const { batchHolds } = deps;
  if (batchHolds === undefined) throw new Error('it holds each alone');
  return { ...deps, batchHolds };
}

const noLimits: Limits = { dailyMinor: null, monthlyMinor: null };
const funded = async (amountMinor: bigint) => {
  const deposit = depositOf(owner(), amountMinor);
  await creditDeposit(ledger.deps, deposit, foreignId());
  return deposit;
};
const fundedMany = (count: number) => Promise.all(Array.from({ length: count }, () => funded(1_000n)));
const heldOf = async (who: Owner) => (await ledger.wallet(who))?.heldMinor;
/** What a batch makes of a claim, before the rule is asked. */
const travel = (deps: { batchHolds: BatchHolds }, claim: Claim, limits = noLimits) => {
  const ticket = deps.batchHolds(claim, limits);
  ticket.wait();
  return ticket.placed();
};
/** Those of `claims` that a batch placed itself, and did not leave to the rule. */
const placedBy = async (deps: { batchHolds: BatchHolds }, claims: readonly Claim[]) => {
  const batched = await Promise.all(claims.map((claim) => travel(deps, claim)));
  return claims.filter((_, n) => batched[n]?.hold != null);
};
/** Which transactions wrote these holds. */
const writersOf = async (claims: readonly Claim[]) => {
  const ids = claims.map(({ transactionId }) => transactionId);
  const text = 'SELECT DISTINCT written_by FROM postings WHERE source_id = ANY($1)';
  return (await probe.query(text, [ids])).rowCount;
};

test('64 holds of 64 wallets at once go in a few transactions, each with its own entries and event', async () => {
  const claims = (await fundedMany(64)).map((who) => withdrawalOf(who, 600n));
  expect(await placedBy(oneLane, claims)).toEqual(claims);
  expect(await writersOf(claims)).toBeLessThanOrEqual(3);
  for (const claim of claims) {
    expect(await heldOf(claim)).toBe(600n);
    const [posting] = await ledger.postings(claim.transactionId);
    const [event, ...more] = await ledger.sent(claim.transactionId);
    expect(more).toEqual([]);
    expect(event?.data).toEqual({
      transaction_id: claim.transactionId,
      user_id: claim.userId,
      currency: 'ZAR',
      amount_minor: '600',
      wallet_id: posting?.walletId,
      posting_id: posting?.id,
    });
  }
});

test('among 64: a duplicate, a conflict, a refusal, a pair of one wallet, an unknown user and a poisoned one each get their own answer', async () => {
  const wallets = await fundedMany(58);
  const ordinary = wallets.map((who) => withdrawalOf(who, 600n));
  const [pairOf, decidedOf] = await fundedMany(2);
  if (pairOf === undefined || decidedOf === undefined) throw new Error('two were funded');
  const decided = withdrawalOf(decidedOf, 100n);
  await holdFunds(ledger.deps, decided);
  const odd = [
    [decided, { refusal: null, amountMinor: 100n }],
    [{ ...decided, amountMinor: 101n }, 'conflict'],
    [withdrawalOf(await funded(500n), 501n), { refusal: 'insufficient_funds' }],
    [withdrawalOf(pairOf, 600n), { refusal: null }],
    [withdrawalOf(pairOf, 600n), { refusal: 'insufficient_funds' }],
    [withdrawalOf(owner(), 1n), { refusal: 'insufficient_funds' }],
  ] as const;
  const poisoned = { ...withdrawalOf(owner(), 1n), userId: 'nobody' };
  const all = [...ordinary.slice(0, 30), ...odd.map(([claim]) => claim), ...ordinary.slice(30)];
  const [answers, [failed]] = await Promise.all([
    Promise.all(all.map((claim) => holdFunds(batching, claim))),
    Promise.allSettled([holdFunds(batching, poisoned)]),
  ]);
  expect(failed).toMatchObject({ status: 'rejected', reason: { code: '22P02' } });
  expect(answers.slice(30, 36)).toMatchObject(odd.map(([, answer]) => answer));
  for (const [n, claim] of all.entries()) {
    const answer = answers[n];
    if (n >= 30 && n < 36) continue;
    expect(answer).toMatchObject({ transactionId: claim.transactionId, refusal: null });
    expect(await heldOf(claim)).toBe(600n);
  }
  expect(await heldOf(pairOf)).toBe(600n);
  expect(await heldOf(decidedOf)).toBe(100n);
});

test('M4: holds of one wallet that wait for each other go in one transaction, each booked on what the one before it left', async () => {
  const who = await funded(1_000n);
  const claims = Array.from({ length: 8 }, () => withdrawalOf(who, 100n));
  const answers = await Promise.all(claims.map((claim) => holdFunds(batching, claim)));
  expect(answers).toMatchObject(claims.map((claim) => ({ ...claim, refusal: null })));
  expect(await writersOf(claims)).toBe(1);
  expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 200n, heldMinor: 800n, dayMinor: 800n });
  for (const claim of claims) expect(await ledger.sent(claim.transactionId)).toHaveLength(1);
});

test('M6 M9: among holds of one wallet each gets the answer that it gets when they come one after the other', async () => {
  const limitsOf = () => ({ dailyMinor: 800n, monthlyMinor: null });
  const [together, inTurn] = [await funded(1_000n), await funded(1_000n)];
  const of = (who: Owner) => {
    const [first, ...others] = [400n, 500n, 300n, 101n, 2_000n, 60n, 41n, 40n].map((each) => withdrawalOf(who, each));
    if (first === undefined) throw new Error('eight were made');
    return [first, ...others, first, { ...first, amountMinor: 401n }];
  };
  /** Refused for what reason depends on the moment: whoever is refused comes after those whom the batch took. */
  const seen = (answer: Hold | 'conflict') =>
    answer === 'conflict' ? answer : answer.refusal === null ? 'held' : 'refused';
  const outcome = async (who: Owner) => {
    const { availableMinor, heldMinor, dayMinor, version } = (await ledger.wallet(who)) ?? {};
    return { availableMinor, heldMinor, dayMinor, version };
  };
  const atOnce = await Promise.all(of(together).map((claim) => holdFunds({ ...batching, limitsOf }, claim)));
  const oneByOne: (Hold | 'conflict')[] = [];
  for (const claim of of(inTurn)) oneByOne.push(await holdFunds({ ...ledger.deps, limitsOf }, claim));
  const [held, refused] = ['held', 'refused'];
  expect(oneByOne.map(seen)).toEqual([held, refused, held, refused, refused, held, refused, held, held, 'conflict']);
  expect(atOnce.map(seen)).toEqual(oneByOne.map(seen));
  expect(await outcome(together)).toEqual(await outcome(inTurn));
});

test('F4: a hold that the database will not have fails alone among those of its wallet, and of others', async () => {
  const who = await funded(1_000n);
  const claims = Array.from({ length: 6 }, () => withdrawalOf(who, 100n));
  const poisoned = { ...withdrawalOf(who, 100n), amountMinor: 2n ** 63n };
  const others = (await fundedMany(10)).map((each) => withdrawalOf(each, 600n));
  const all = [...others, ...claims.slice(0, 3), poisoned, ...claims.slice(3)];
  const answers = await Promise.allSettled(all.map((claim) => holdFunds(batching, claim)));
  for (const [n, answer] of answers.entries()) {
    if (all[n] === poisoned) expect(answer).toMatchObject({ status: 'rejected', reason: { code: '22003' } });
    else expect(answer).toMatchObject({ status: 'fulfilled', value: { refusal: null } });
  }
  expect(await heldOf(who)).toBe(600n);
});

test('M4: whom the queue of a wallet refuses is taken along by nobody', async () => {
  const who = await funded(1_000n);
  const claims = Array.from({ length: 6 }, () => withdrawalOf(who, 100n));
  const queue = createKeyed({ waitingMax: 2 });
  const answers = await Promise.allSettled(claims.map((claim) => holdFunds({ ...batching, queue }, claim)));
  const refused = answers.filter(({ status }) => status === 'rejected');
  expect(refused).toMatchObject(Array.from({ length: 3 }, () => ({ reason: { name: 'Overloaded' } })));
  expect(await heldOf(who)).toBe(300n);
});

test('M9: what the statement accepts is what the rule accepts, and the wallets look alike afterwards', async () => {
  const morning = new Date('2026-03-31T22:30:00.000Z'); // the first of April in South Africa
  const days = [-40, -1, 0, 1].map((n) => new Date(morning.getTime() + n * 86_400_000));
  const at = (deps: LedgerDeps, now: Date, limits = noLimits): LedgerDeps => ({
    ...deps,
    clock: { now: () => now },
    limitsOf: () => limits,
  });
  /** The same wallet as often as asked for: what was held of it on which days, and what it was left with. */
  const cases = days.flatMap((earlier) =>
    [null, 301n, 400n].flatMap((daily) =>
      [null, 300n, 401n].map((monthly) => ({ earlier, limits: { dailyMinor: daily, monthlyMinor: monthly } })),
    ),
  );
  const made = async ({ earlier }: { earlier: Date }) => {
    const who = await funded(1_000n);
    await holdFunds(at(ledger.deps, earlier), withdrawalOf(who, 100n));
    return withdrawalOf(who, 301n);
  };
  const alike = async (claim: Claim) => {
    const wallet = await ledger.wallet(claim); // made in the present, whatever the clocks of its holds say
    return { ...wallet, ...{ id: '', userId: '', lastHash: '', createdAt: null, movedAt: null } };
  };
  const batches = requireBatching(await ledger.another({ batchMax: 64, lanes: 1, now: () => morning }));
  const pairs = await Promise.all(
    cases.map(async (each) => ({ each, alone: await made(each), batched: await made(each) })),
  );
  const byRule = await Promise.all(
    pairs.map(({ each, alone }) => holdFunds(at(ledger.deps, morning, each.limits), alone)),
  );
  const travelled = await Promise.all(pairs.map(({ each, batched }) => travel(batches, batched, each.limits)));
  const answers: [unknown, unknown][] = [];
  const expected: unknown[] = [];
  for (const [n, { each, alone, batched }] of pairs.entries()) {
    const rule = byRule[n];
    const hold = travelled[n]?.hold ?? null;
    if (rule === undefined || rule === 'conflict') throw new Error('nobody else has that id');
    expected.push([each, rule.refusal === null ? { ...rule, ...batched } : null]);
    answers.push([each, hold]);
    if (hold !== null) expect(await alike(batched), JSON.stringify(each.earlier)).toEqual(await alike(alone));
  }
  expect(answers).toEqual(expected);
  const refused = answers.filter(([, hold]) => hold === null).length;
  expect([refused > 5, refused < 30], 'both happen').toEqual([true, true]);
});

test('M7 M11: a frozen wallet, one in debt, and any while everything is frozen are left to the rule', async () => {
  const frozen = await funded(1_000n);
  await ledger.freeze(frozen);
  const owing = await funded(1_000n);
  await holdFunds(ledger.deps, withdrawalOf(owing, 1_000n));
  await reverseDeposit(ledger.deps, { ...owing, paymentId: foreignId(), reversal: 'refund' }, foreignId());
  const sound = withdrawalOf(await funded(1_000n), 1n);
  const others = [withdrawalOf(frozen, 1n), withdrawalOf(owing, 1n)];
  expect(await placedBy(oneLane, [...others, sound])).toEqual([sound]);
  const id = foreignId();
  await probe.query(`INSERT INTO freezes (id, reason, frozen_by, frozen_at) VALUES ($1, 'test', 'checker', now())`, [
    id,
  ]);
  const [while_] = [withdrawalOf(await funded(1_000n), 1n)];
  expect(await placedBy(oneLane, [while_])).toEqual([]);
  expect(await holdFunds(batching, while_)).toMatchObject({ refusal: 'wallet_frozen' });
  await probe.query(
    'ALTER TABLE freezes DISABLE TRIGGER USER; DELETE FROM freezes; ALTER TABLE freezes ENABLE TRIGGER USER',
  );
});

test('F6: a connection that is lost with 20 holds on it, before and after they were written → each is found out, and held once', async () => {
  const proxy = await tcpProxy(ledger.url);
  try {
    const deps = await ledger.another({ through: proxy.url, batchMax: 64 });
    for (const lose of [proxy.loseAnswerTo, proxy.loseFromServer, proxy.loseFromClient]) {
      const wallets = await fundedMany(15);
      const [busy] = wallets;
      const claims = wallets.map((who) => withdrawalOf(who, 600n));
      if (busy !== undefined) for (let n = 0; n < 5; n++) claims.push(withdrawalOf(busy, 50n));
      const lost = lose('COMMIT');
      const answers = await Promise.all(claims.map((claim) => holdFunds(deps, claim)));
      await lost;
      expect(answers.every((hold) => hold !== 'conflict' && hold.refusal === null)).toBe(true);
      for (const claim of claims) {
        const told = (await ledger.sent(claim.transactionId)).length;
        expect([await heldOf(claim), told]).toEqual([claim.userId === busy?.userId ? 850n : 600n, 1]);
      }
    }
  } finally {
    proxy.cut();
    await proxy.close();
  }
});

test('M4: a batch keeps its wallet row locked until it ends', async () => {
  const who = await funded(1_000n);
  const session = new pg.Client({ connectionString: ledger.url });
  await session.connect();
  const seen: unknown[] = [];
  const oneTrip: OneTrip = async <Row>(text: string, values: readonly (readonly unknown[])[]) => {
    const rows: Row[] = [];
    await session.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
    for (const each of values) rows.push(...(await session.query(text, [...each])).rows);
    const row = 'SELECT 1 FROM wallets WHERE user_id = $1 FOR UPDATE NOWAIT';
    const look = probe.query(row, [who.userId]);
    seen.push(
      await look.then(
        () => 'not locked',
        ({ code }: { code: string }) => code,
      ),
    );
    await session.query('COMMIT');
    return rows;
  };
  const place = placeHolds({ ...batching, oneTrip });
  const order = { claim: withdrawalOf(who, 1_001n), limits: noLimits, traceparent: undefined };
  expect(await place([[order]]).finally(() => session.end())).toEqual(new Map());
  expect(seen, 'left out, so that the lock is not that of an update').toEqual(['55P03']);
});

test('F4: a wallet whose row is held by a process that hangs keeps nobody waiting who travels with it', async () => {
  const claims = (await fundedMany(20)).map((who) => withdrawalOf(who, 600n));
  const locked = claims.at(-1); // the first ones find the lanes free and travel alone
  await probe.query('BEGIN');
  await probe.query('SELECT 1 FROM wallets WHERE user_id = $1 FOR UPDATE', [locked?.userId]);
  try {
    expect(await placedBy(oneLane, claims)).toEqual(claims.slice(0, -1));
  } finally {
    await probe.query('ROLLBACK');
  }
});

test('F4: a session that is killed in the middle of a batch has placed nothing of it, and the same holds are placed once', async () => {
  const claims = (await fundedMany(20)).map((who) => withdrawalOf(who, 600n));
  const last = claims.at(-1);
  await probe.query('BEGIN');
  const same = `INSERT INTO holds (transaction_id, user_id, currency, amount_minor, decided_at) VALUES ($1, $2, 'ZAR', 1, now())`;
  await probe.query(same, [last?.transactionId, last?.userId]); // the batch waits for what becomes of it
  const placing = Promise.all(claims.map((claim) => holdFunds(batching, claim)));
  const admin = new pg.Client({ connectionString: ledger.ownerUrl });
  await admin.connect();
  await admin.query('SET ROLE NONE'); // the owner is not shown what others are doing
  const waiting = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%asked%'`;
  await poll(async () => (await admin.query(waiting)).rowCount).finally(() => admin.end());
  await probe.query('ROLLBACK');
  for (const hold of await placing) expect(hold).toMatchObject({ refusal: null });
  for (const claim of claims)
    expect([await heldOf(claim), (await ledger.sent(claim.transactionId)).length]).toEqual([600n, 1]);
});
