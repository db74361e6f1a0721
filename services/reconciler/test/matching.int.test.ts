import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Observation } from '#libs/contracts';
import { noteRefusedPosting } from '../src/cases/note-refused-posting.ts';
import { endTransaction } from '../src/end-transaction.ts';
import { rematch } from '../src/rematch.ts';
import { newSubject } from '../src/subject.ts';
import { at, payout, purchase, refund, userId } from './samples.ts';
import {
  newDepositId,
  newWithdrawalId,
  observed,
  type PostgresWorld,
  payoutTold,
  postgresWorld,
  purchaseTold,
  swept,
  told,
} from './worlds.ts';

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld();
});
afterAll(() => world?.close());

const outcomes = async (transactionId: string) => (await world.verdicts(transactionId)).map(({ outcome }) => outcome);
const sentAbout = async (type: Parameters<typeof world.sent>[0], transactionId: string) =>
  (await world.sent(type)).filter(({ correlationid }) => correlationid === transactionId);
const handled = async (deliveryId: string) =>
  (await world.sent('reconciler.observation-handled.v1'))
    .map(({ data }) => data as { delivery_id: string; outcome: string; reason: string })
    .filter((data) => data.delivery_id === deliveryId)
    .map(({ outcome, reason }) => `${outcome} ${reason}`);
const casesAbout = async (transactionId: string) =>
  (await world.cases()).filter((c) => c.transactionId === transactionId).map(({ cause }) => cause);

/** Of a purchase or payout with ids of its own. */
const anew = () => ({ dep: newDepositId(), wd: newWithdrawalId(), object: randomUUID() });

/** Ten at a time: all at once would only wait for the pool, and not for one another. */
const tenAtATime = async <Item>(items: Item[], work: (item: Item, n: number) => Promise<unknown>): Promise<void> => {
  for (let n = 0; n < items.length; n += 10)
    await Promise.all(items.slice(n, n + 10).map((item, place) => work(item, n + place)));
};

test('R1: expectation and observation at the same moment meet, whichever comes first: 100 deposits, one verdict each', async () => {
  const deposits = Array.from({ length: 100 }, anew);
  await tenAtATime(deposits, ({ dep, object }, n) => {
    const paid = purchase('paid', { object_id: object, reference: n % 2 === 0 ? dep : '' });
    const [mine, other] = n % 4 < 2 ? [world.deps, world.replica] : [world.replica, world.deps];
    const tasks = [
      () => purchaseTold(mine, dep, object),
      () => observed(other, paid),
      () => observed(mine, paid),
      () => told(other, dep),
    ];
    return Promise.all((n % 3 === 0 ? tasks : tasks.toReversed()).map((task) => task()));
  });
  for (const { dep } of deposits) expect(await outcomes(dep)).toEqual(['settled']);
  const credited = (await world.sent('reconciler.deposit-settled.v1')).map(({ correlationid }) => correlationid);
  expect(credited.toSorted()).toEqual(deposits.map(({ dep }) => dep).toSorted());
  expect(await world.waiting()).toEqual([]);
});

test('F10: two reconcilers, opposite words about one payout at the same moment, 50 times: one final verdict each', async () => {
  const withdrawals = Array.from({ length: 50 }, anew);
  await tenAtATime(withdrawals, async ({ wd, object }) => {
    await payoutTold(world.deps, wd, object);
    await Promise.all([
      observed(world.deps, payout('success', { object_id: object, reference: wd, source: 'read' })),
      observed(world.replica, payout('error', { object_id: object, reference: wd, source: 'read' })),
    ]);
  });
  const final = [
    ...(await world.sent('reconciler.payout-settled.v1')),
    ...(await world.sent('reconciler.payout-failed.v1')),
  ].map(({ correlationid }) => correlationid);
  expect(final.toSorted()).toEqual(withdrawals.map(({ wd }) => wd).toSorted());
});

test('F7: the same message a hundred times at once is handled once', async () => {
  const { dep, object } = anew();
  await purchaseTold(world.deps, dep, object);
  const [messageId, deliveryId] = [randomUUID(), randomUUID()];
  const paid = purchase('paid', { object_id: object, reference: dep });
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      observed(n % 2 === 0 ? world.deps : world.replica, paid, { messageId, deliveryId }),
    ),
  );
  expect(await outcomes(dep)).toEqual(['settled']);
  expect(await handled(deliveryId)).toEqual(['applied settle']);
});

test('W7: an early delivery is parked, told so, and applied when payments tells', async () => {
  const { dep, object } = anew();
  const deliveryId = randomUUID();
  await observed(world.deps, purchase('paid', { object_id: object, reference: dep }), { deliveryId });
  expect(await handled(deliveryId)).toEqual(['parked no_expectation']);
  expect(await outcomes(dep)).toEqual([]);
  await told(world.deps, dep);
  expect(await outcomes(dep)).toEqual(['settled']);
  expect(await handled(deliveryId)).toEqual(['parked no_expectation', 'applied settle']);
});

test('M7: a refund that comes before its credit is reversed after it', async () => {
  const { dep, object } = anew();
  const back = randomUUID();
  await observed(world.deps, refund({ object_id: back, purchase_id: object, reference: '' }));
  await purchaseTold(world.deps, dep, object);
  expect(await outcomes(dep)).toEqual([]);
  await observed(world.deps, purchase('paid', { object_id: object, reference: dep }));
  expect(await outcomes(dep)).toEqual(['settled', 'refund']);
  const [reversed] = await sentAbout('reconciler.deposit-reversed.v1', dep);
  expect(reversed?.data).toMatchObject({
    purchase_id: object,
    payment_id: back,
    amount_minor: '5000',
    reversal: 'refund',
  });
});

test('M7: a refund and its payment that both came before payments told are applied together', async () => {
  const { dep, object } = anew();
  await observed(world.deps, refund({ object_id: randomUUID(), purchase_id: object, reference: dep }));
  world.time.now += 1;
  await observed(world.deps, purchase('paid', { object_id: object, reference: dep }));
  await purchaseTold(world.deps, dep, object);
  expect(await outcomes(dep)).toEqual(['settled', 'refund']);
});

test('M3: a payout’s failure by webhook waits for a read, which releases the hold', async () => {
  const { wd, object } = anew();
  world.time.now = 100;
  await payoutTold(world.deps, wd, object);
  const failed = payout('error', { object_id: object, reference: wd });
  const deliveryId = randomUUID();
  expect(await observed(world.deps, failed, { deliveryId })).toEqual({ readWanted: true });
  expect(await outcomes(wd)).toEqual([]);
  await swept(world.deps, (id) =>
    id === object ? { ...failed, source: 'read', observed_at: at(101).toISOString() } : undefined,
  );
  expect(await outcomes(wd)).toEqual(['failed']);
  expect(await handled(deliveryId)).toEqual(['parked failure_by_webhook', 'ignored already_failed']);
});

test('a case names both sides, once, with nothing personal', async () => {
  const { dep, object } = anew();
  await purchaseTold(world.deps, dep, object);
  const wrong = purchase('paid', {
    object_id: object,
    reference: dep,
    payment: { is_outgoing: false, amount_minor: '14999', fee_minor: '0', currency: 'ZAR' },
  });
  for (const source of ['webhook', 'read', 'read'] as const) await observed(world.deps, { ...wrong, source });
  expect(await outcomes(dep)).toEqual([]);
  const [opened, ...others] = (await world.cases()).filter((c) => c.transactionId === dep);
  expect(others).toEqual([]);
  expect(opened).toMatchObject({
    cause: 'amount_mismatch',
    objectId: object,
    evidence: { expected: { amount_minor: '15000' }, observed: { payment: { amount_minor: '14999' } } },
  });
  expect(JSON.stringify(opened?.evidence)).not.toContain(userId);
  expect(await sentAbout('reconciler.case-opened.v1', dep)).toHaveLength(1);
});

test('payments that contradicts itself decides nothing and opens a case', async () => {
  const { wd, object } = anew();
  await payoutTold(world.deps, wd, object);
  await payoutTold(world.deps, wd, randomUUID());
  await told(world.deps, wd, { amountMinor: 1n });
  expect(await casesAbout(wd)).toEqual(['expectation_conflict']);
});

test('a verdict that the ledger refuses is a case', async () => {
  const { dep, object } = anew();
  const refused = {
    transaction_id: dep,
    user_id: userId,
    currency: 'ZAR',
    amount_minor: '15000',
    kind: 'credit',
    source_id: object,
    reason: 'amount_differs',
  } as const;
  for (let n = 0; n < 2; n++) await noteRefusedPosting(world.deps, randomUUID(), refused);
  expect(await casesAbout(dep)).toEqual(['posting_refused']);
});

test('R2b: what payments has ended is read again by age; completed is the last word', async () => {
  const { dep, object } = anew();
  await purchaseTold(world.deps, dep, object);
  const end = (as: 'expired' | 'completed', seconds: number) =>
    endTransaction(world.deps, { messageId: randomUUID(), transactionId: dep, as, at: at(seconds) });
  await end('expired', 100);
  expect(await world.nextReadAt(object)).toEqual(at(100 + 86_400));
  await end('completed', 90);
  await end('expired', 200);
  expect(await world.nextReadAt(object)).toEqual(at(90 + 86_400));
});

test('R2: deposits and withdrawals end with no webhook at all', async () => {
  const { dep, wd, object } = anew();
  const out = randomUUID();
  world.time.now = 3;
  await purchaseTold(world.deps, dep, object);
  await payoutTold(world.deps, wd, out);
  const truth: Record<string, Observation> = {
    [object]: purchase('paid', { object_id: object, reference: dep, source: 'read' }),
    [out]: payout('success', { object_id: out, reference: wd, source: 'read' }),
  };
  world.time.now = 3_601;
  // All at once: of the races before, any number may be due as well, and a page of nothing but those would end it.
  await swept(world.deps, (id) => truth[id], 1_000);
  expect([await outcomes(dep), await outcomes(wd)]).toEqual([['settled'], ['settled']]);
});

const rematching = (changed: { holdsLease?: () => Promise<boolean> } = {}) =>
  rematch({
    ...world.deps,
    holdsLease: async () => true,
    retryAfterMs: 60_000,
    unmatchedAfterMs: 86_400_000,
    ...changed,
  });

test('W7: what waits is matched by the rematch, if its partner is there', async () => {
  const { dep, object } = anew();
  world.time.now = 60;
  await observed(world.deps, purchase('paid', { object_id: object, reference: dep }));
  // The partner, without the weighing that comes with it: as if a release of before had only written it down.
  await world.deps.transact((tx) =>
    tx.putSubject({
      ...newSubject(dep),
      userId,
      currency: 'ZAR',
      amountMinor: 15_000n,
      requestedAt: at(0),
      objectId: object,
    }),
  );
  world.time.now = 180;
  await rematching({ holdsLease: async () => false });
  expect(await outcomes(dep)).toEqual([]);
  await rematching();
  expect(await outcomes(dep)).toEqual(['settled']);
});

test('M3: a wanted read is not put off by whoever looks in between', async () => {
  const { wd, object } = anew();
  world.time.now = 60;
  await payoutTold(world.deps, wd, object);
  await observed(world.deps, payout('error', { object_id: object, reference: wd }));
  for (world.time.now = 160; world.time.now < 500; world.time.now += 100) {
    await rematching();
    await told(world.deps, wd);
  }
  expect((await world.nextReadAt(object))?.getTime()).toBeLessThanOrEqual(at(500).getTime());
});

test('R2b: an object is not read in a circle when the clock of payments is behind', async () => {
  const { dep, object } = anew();
  await purchaseTold(world.deps, dep, object);
  await endTransaction(world.deps, { messageId: randomUUID(), transactionId: dep, as: 'expired', at: at(0) });
  world.time.now = 86_401;
  const slow = purchase('expired', {
    object_id: object,
    reference: dep,
    source: 'read',
    observed_at: at(86_390).toISOString(),
  });
  await observed(world.deps, slow);
  expect(await world.nextReadAt(object)).toEqual(at(86_461));
});

test('W2: what waits for a read is read before it is given up, also when nobody was there for a day', async () => {
  const { wd, object } = anew();
  world.time.now = 60;
  await payoutTold(world.deps, wd, object);
  world.time.now = 400;
  await observed(
    world.deps,
    payout('success', { object_id: object, reference: wd, observed_at: at(400).toISOString() }),
  );
  world.time.now = 86_900;
  await rematching();
  expect(await casesAbout(wd)).toEqual([]);
  await swept(world.deps, () => payout('success', { object_id: object, reference: wd, source: 'read' }), 1_000);
  expect([await outcomes(wd), await casesAbout(wd)]).toEqual([['settled'], []]);
});

test('W7: what finds no partner in a day is a case, and its delivery is told so', async () => {
  const { dep, wd, object } = anew();
  const deliveryId = randomUUID();
  world.time.now = 60;
  await observed(world.deps, purchase('paid', { object_id: object, reference: dep }), { deliveryId });
  await told(world.deps, wd);
  world.time.now = 86_400;
  await rematching();
  expect([await casesAbout(dep), await casesAbout(wd)]).toEqual([[], []]);
  world.time.now = 86_500;
  await rematching();
  await rematching();
  expect([await casesAbout(dep), await casesAbout(wd)]).toEqual([['unmatched_object'], ['no_provider_object']]);
  expect(await handled(deliveryId)).toEqual(['parked no_expectation', 'case unmatched_object']);
  expect((await world.waiting()).filter(({ objectId }) => objectId === object)).toEqual([]);
});
