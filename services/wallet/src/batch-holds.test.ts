import { expect, test } from 'vitest';
import { UnknownCommit, withRepeats } from '#libs/db';
import { newId, newUuid } from '#libs/runtime';
import { type BatchHolds, createHoldBatches, type PlaceHolds } from './batch-holds.ts';
import type { Claim } from './ledger/ledger.ts';

const limits = { dailyMinor: null, monthlyMinor: null };
const claim = (userId = newUuid()): Claim => ({
  ...{ userId, currency: 'ZAR', amountMinor: 1n },
  transactionId: newId('wd'),
});
const failing = (error: Error) =>
  createHoldBatches({
    place: async () => {
      throw error;
    },
    batchMax: 64,
    lanes: 2,
  });

const travel = (batches: BatchHolds, of: Claim) => {
  const ticket = batches(of, limits);
  ticket.wait();
  return ticket.placed();
};

test('F6: a batch whose COMMIT nobody answered leaves each hold in doubt, one that failed leaves none', async () => {
  const doubt = new UnknownCommit('the connection was lost at COMMIT');
  expect(await travel(failing(doubt), claim())).toEqual({ hold: null, doubt });
  expect(await travel(failing(new Error('poisoned')), claim())).toEqual({ hold: null });
});

test('F6: what is in doubt and cannot be found out stays unknown, and is never said not to have happened', async () => {
  const doubt = new UnknownCommit('the connection was lost at COMMIT');
  const unreachable = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const transact = withRepeats<unknown>(() => Promise.reject(unreachable), { conflict: () => undefined });
  await expect(transact(async () => 1, { after: doubt })).rejects.toBe(doubt);
  await expect(transact(async () => 1)).rejects.toBe(unreachable);
});

/** What `place` is asked for with these waiting when a lane becomes free. */
async function roundsOf(waiting: readonly Claim[], batchMax = 64): Promise<Claim[][]> {
  const asked: Claim[][][] = [];
  let free = (): void => undefined;
  const place: PlaceHolds = async (rounds) => {
    asked.push(rounds.map((round) => round.map((order) => order.claim)));
    if (asked.length === 1) await new Promise<void>((resolve) => (free = resolve));
    return new Map();
  };
  const batches = createHoldBatches({ place, batchMax, lanes: 1 });
  const first = travel(batches, claim());
  const wallets = new Set<string>();
  const answers = waiting.map((each) => {
    const ticket = batches(each, limits);
    ticket.wait();
    if (wallets.has(each.userId)) return undefined;
    wallets.add(each.userId);
    return ticket.placed();
  });
  free();
  await Promise.all([first, answers[0]]);
  return asked[1] ?? [];
}

test('whoever has the turn of his wallet takes along those behind him: in each round one of a wallet, in order, eight at most', async () => {
  const [anna, ben] = [newUuid(), newUuid()];
  const ofAnna = Array.from({ length: 10 }, () => claim(anna));
  const ofBen = Array.from({ length: 2 }, () => claim(ben));
  const rounds = await roundsOf([...ofAnna, ...ofBen]);
  expect(rounds).toEqual(ofAnna.slice(0, 8).map((each, n) => [each, ...ofBen.slice(n, n + 1)]));
});

test('the first of every wallet goes before the second of any, and a batch is never larger than it may be', async () => {
  const [anna, ben] = [newUuid(), newUuid()];
  const [first, second, third] = [claim(anna), claim(anna), claim(anna)];
  const ofBen = claim(ben);
  expect(await roundsOf([first, second, third, ofBen], 3)).toEqual([[first, ofBen], [second]]);
  expect(await roundsOf([first, second, ofBen], 1)).toEqual([[first]]);
});

test('M6: two of one id never travel together, and nobody overtakes within a wallet', async () => {
  const anna = newUuid();
  const [first, last] = [claim(anna), claim(anna)];
  const other = { ...first, userId: newUuid() };
  expect(await roundsOf([first, { ...first, amountMinor: 2n }, last, other])).toEqual([[first]]);
});
