import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Observation } from '#libs/contracts';
import { absent, at, depositId, payout, policy, purchase, refund, withdrawalId } from './samples.ts';
import { memoryWorld, observed, payoutTold, purchaseTold, swept, told, type World } from './worlds.ts';

/**
 * Revio's truth is a history; what reaches us of it is any part, in any order, any number of times, fresh or stale, before or after
 * what payments tells. Reads then show where the history ended. The books must be the same as that end, and nothing decided twice.
 */

type Moment = { status: string; seconds: number };
/** Statuses a second or none apart: Revio's times have no finer order. */
const history = (...paths: string[][]) =>
  fc
    .tuple(fc.constantFrom(...paths), fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 6, maxLength: 6 }))
    .map(([path, gaps]) => {
      let seconds = 0;
      return path.map((status, n): Moment => {
        seconds += gaps[n] ?? 0;
        return { status, seconds };
      });
    });

type Arrival = { moment: number; how: 'fresh' | 'stale' | 'read' | 'answer'; after: number };
const arrivals = fc.array(
  fc.record<Arrival>({
    moment: fc.nat({ max: 5 }),
    how: fc.constantFrom('fresh', 'fresh', 'stale', 'read', 'answer'),
    after: fc.nat({ max: 3 }),
  }),
  { maxLength: 12 },
);

const staleSeconds = 400;
/** All that reaches us has been seen by then. */
const arrived = 2_000;

/** How the n-th moment looked when it was observed; a read shows what was last true at its time. */
function arrivalOf<Seen extends Observation>(
  show: (n: number) => Seen,
  { moment, how, after }: Arrival,
  length: number,
): Seen {
  const seen = show(Math.min(moment, length - 1));
  const seconds = (Date.parse((seen as { updated_on: string }).updated_on) - at(0).getTime()) / 1000;
  const seenAt = seconds + after + (how === 'stale' ? staleSeconds : 0);
  const authenticated = how === 'read' || how === 'answer';
  return {
    ...seen,
    source: authenticated ? how : 'webhook',
    observed_at: at(seenAt).toISOString(),
    provider_date: authenticated ? at(seenAt).toISOString() : null,
  };
}

/** Runs the schedule of reads for a month, in steps of time that end when nothing is due any more. */
async function readOn(world: World, truth: (objectId: string) => Observation | undefined): Promise<void> {
  const now = () => at(world.time.now).toISOString();
  const today = (objectId: string): Observation | undefined => {
    const seen = truth(objectId);
    return seen && { ...seen, source: 'read', observed_at: now(), provider_date: now() };
  };
  for (let step = 0; step < 40; step++) {
    while ((await swept(world.deps, today)) > 0);
    world.time.now += step < 10 ? 300 : 86_400;
  }
}

/** In the order of random keys: a shrinking test can then move single events. */
async function inAnyOrder(events: (() => Promise<unknown>)[], keys: Iterator<number>): Promise<void> {
  const keyed = events.map((run) => ({ run, key: Number(keys.next().value) }));
  for (const { run } of keyed.sort((a, b) => a.key - b.key)) await run();
}

test('M6 M7 R1: any order, repetition and loss of a deposit’s observations ends in the books of its truth', async () => {
  const paths = history(
    ['created', 'viewed', 'paid'],
    ['created', 'pending_execute', 'error', 'pending_execute', 'paid'],
    ['created', 'expired', 'paid', 'refunded'],
    ['created', 'viewed', 'error', 'cancelled'],
    ['created', 'error', 'expired'],
    ['created', 'paid', 'refunded', 'refunded'],
    ['created', 'paid', 'chargeback'],
  );
  await fc.assert(
    fc.asyncProperty(paths, arrivals, fc.boolean(), fc.infiniteStream(fc.nat()), async (moments, seen, late, keys) => {
      const world = memoryWorld();
      world.time.now = arrived;
      const statuses = moments.map(({ status }) => status);
      const everPaid = (n: number) => statuses.slice(0, n + 1).includes('paid');
      const show = (n: number) =>
        purchase(
          statuses[n] ?? '',
          {
            status_history: statuses.slice(0, n + 1),
            payment: everPaid(n)
              ? { is_outgoing: false, amount_minor: '15000', fee_minor: '0', currency: 'ZAR' }
              : null,
          },
          moments[n]?.seconds ?? 0,
        );
      const refunds = moments.flatMap(({ status, seconds }, n) =>
        status === 'refunded' || status === 'chargeback'
          ? [
              refund(
                { object_id: `back-${n}`, payment_type: status === 'refunded' ? 'refund' : status, event_type: null },
                seconds,
              ),
            ]
          : [],
      );
      const comingBack = refunds.flatMap((back) => [
        () => observed(world.deps, back),
        () => observed(world.deps, back),
      ]);
      const events: (() => Promise<unknown>)[] = [
        () => told(world.deps, depositId),
        () => purchaseTold(world.deps, depositId, 'purchase-1'),
        ...seen.map((arrival) => () => observed(world.deps, arrivalOf(show, arrival, moments.length))),
        ...(late ? [] : comingBack),
      ];
      const readOnToTheEnd = () => readOn(world, (id) => (id === 'purchase-1' ? show(moments.length - 1) : undefined));
      await inAnyOrder(events, keys);
      await readOnToTheEnd();
      if (late) {
        await inAnyOrder(comingBack, keys);
        await readOnToTheEnd();
      }

      const verdicts = await world.verdicts(depositId);
      const ofSlot = (slot: string) => verdicts.filter((v) => v.slot === slot).map(({ sourceId }) => sourceId);
      expect(ofSlot('credit')).toEqual(everPaid(moments.length - 1) ? ['purchase-1'] : []);
      expect(await world.sent('reconciler.deposit-settled.v1')).toHaveLength(ofSlot('credit').length);
      expect(ofSlot('reversal').toSorted()).toEqual(refunds.map(({ object_id }) => object_id).toSorted());
      expect(await world.sent('reconciler.deposit-reversed.v1')).toHaveLength(refunds.length);
      const causes = (await world.cases()).map(({ cause }) => cause);
      expect(causes).toEqual(late && refunds.length > 0 ? ['reversal_without_payment'] : []);
      expect(await world.waiting()).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('M3 M6 R1: any order, repetition and loss of a payout’s observations gives one final word, and the books of its truth', async () => {
  const paths = history(
    ['initialized', 'pending', 'success'],
    ['initialized', 'success'],
    ['initialized', 'pending', 'error'],
    ['initialized', 'error'],
    ['initialized', 'pending', 'success', 'error'],
    ['initialized'],
  );
  await fc.assert(
    fc.asyncProperty(paths, arrivals, fc.infiniteStream(fc.nat()), async (moments, seen, keys) => {
      const world = memoryWorld();
      world.time.now = arrived;
      const show = (n: number) => payout(moments[n]?.status ?? '', {}, moments[n]?.seconds ?? 0);
      const events: (() => Promise<unknown>)[] = [
        () => told(world.deps, withdrawalId),
        () => payoutTold(world.deps, withdrawalId, 'payout-1'),
        ...seen.map((arrival) => () => observed(world.deps, arrivalOf(show, arrival, moments.length))),
      ];
      await inAnyOrder(events, keys);
      await readOn(world, (id) => (id === 'payout-1' ? show(moments.length - 1) : undefined));

      const verdicts = await world.verdicts(withdrawalId);
      const final = verdicts.filter(({ slot }) => slot === 'payout');
      expect(final).toHaveLength(1);
      const settled = await world.sent('reconciler.payout-settled.v1');
      const failed = await world.sent('reconciler.payout-failed.v1');
      expect(settled.length + failed.length).toBe(1);
      // Whatever the way there, the user is without the money exactly if Revio has paid it out for good.
      const gone = settled.length === 1 && (await world.sent('reconciler.payout-returned.v1')).length === 0;
      expect(gone).toBe(moments.at(-1)?.status === 'success');
      expect(await world.cases()).toEqual([]);
      expect(await world.waiting()).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('an answer that waited, and only asks for a newer word, does not wait on', async () => {
  const world = memoryWorld();
  await observed(world.deps, payout('success', {}, 0));
  world.time.now = 1;
  await observed(world.deps, payout('initialized', { source: 'answer' }, 0));
  await payoutTold(world.deps, withdrawalId, 'payout-1');
  expect((await world.verdicts(withdrawalId)).map(({ outcome }) => outcome)).toEqual(['settled']);
  expect(await world.waiting()).toEqual([]);
});

test('M3: a payout whose every read finds nothing is never released: it becomes one case', async () => {
  const world = memoryWorld();
  await payoutTold(world.deps, withdrawalId, 'payout-1');
  await readOn(world, (id) => absent(id));
  expect(await world.verdicts(withdrawalId)).toEqual([]);
  expect((await world.cases()).map(({ cause }) => cause)).toEqual(['object_absent']);
});

test('M3: after the window a payout is not executed only if Revio is confirmed to keep to it', async () => {
  const world = memoryWorld();
  const deps = { ...world.deps, policy: { ...policy, executeWindowEnforced: false } };
  await payoutTold(deps, withdrawalId, 'payout-1');
  await readOn({ ...world, deps }, () => payout('initialized', {}, 0));
  expect(await world.verdicts(withdrawalId)).toEqual([]);
  expect((await world.cases()).map(({ cause }) => cause)).toEqual(['unknown_outcome']);
});

test('M7: money that has gone back before it was seen is not spendable: a case, until its Payment brings credit and reversal', async () => {
  const world = memoryWorld();
  await purchaseTold(world.deps, depositId, 'purchase-1');
  const read = () =>
    swept(world.deps, () => ({
      ...purchase('refunded', { source: 'read' }, 1_800),
      observed_at: at(world.time.now).toISOString(),
    }));
  world.time.now = 3_601;
  await read();
  expect((await world.nextReadAt('purchase-1'))?.getTime()).toBeLessThanOrEqual(at(3_601 + 60).getTime());
  for (; world.time.now < 7_200; world.time.now += 300) await read();
  expect(await world.verdicts(depositId)).toEqual([]);
  expect(await world.cases()).toMatchObject([
    {
      cause: 'reversal_without_payment',
      evidence: { expected: { amount_minor: '15000' }, observed: { payment: { amount_minor: '15000' } } },
    },
  ]);
  await observed(world.deps, refund({}, world.time.now));
  world.time.now += 61;
  await read();
  const verdicts = await world.verdicts(depositId);
  expect(verdicts.map(({ outcome, amountMinor }) => [outcome, amountMinor])).toEqual([
    ['settled', 15_000n],
    ['refund', 5_000n],
  ]);
});

test('M7: a delivery that shows a refund waits for the Payment, and no read is needed once that comes', async () => {
  const world = memoryWorld();
  await purchaseTold(world.deps, depositId, 'purchase-1');
  await observed(world.deps, purchase('refunded', {}, 120));
  expect(await world.verdicts(depositId)).toEqual([]);
  await observed(world.deps, refund());
  expect((await world.verdicts(depositId)).map(({ outcome }) => outcome)).toEqual(['settled', 'refund']);
  expect(await world.waiting()).toEqual([]);
});
