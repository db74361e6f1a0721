import { UnknownCommit } from '#libs/db';
import { currentContext } from '#libs/runtime';
import type { Claim, Hold } from './ledger/ledger.ts';
import type { Limits } from './ledger/limits.ts';

/** What came of a claim in a batch. Without a hold it was left out, and is to be decided alone; with `doubt` it may have been placed all the same. */
type Batched = { hold: Hold; doubt?: never } | { hold: null; doubt?: UnknownCommit };

/** Whoever calls has the turn of the wallet, and keeps it until the answer. Never throws. */
export type BatchHolds = (claim: Claim, limits: Limits) => Promise<Batched>;

/** A claim on its way, with the limits that hold for it and the trace that it is on. */
export type HoldOrder = { claim: Claim; limits: Limits; traceparent: string | undefined };

/**
 * Places the holds that are plainly right, all of them in one SERIALIZABLE transaction, and returns them by transaction id; what it leaves out
 * has changed nothing. No two of the orders are of one wallet, or of one id. Throws as a transaction does: then none was placed, or with
 * UnknownCommit all of those it would have placed, or none.
 */
export type PlaceHolds = (orders: readonly HoldOrder[]) => Promise<ReadonlyMap<string, Hold>>;

type Waiting = HoldOrder & { answer: (batched: Batched) => void };

/**
 * Group commit: a hold that comes while all lanes are busy waits for the next that is free, and goes with whatever waits there too. One that
 * comes to a free lane goes at once, alone, so an idle service waits for nothing.
 * Each gets the answer that it would get alone. A batch that fails, for whatever reason, has placed nothing, and each of its holds is then
 * decided alone: only the guilty one fails. `batchMax` 1 gives each a transaction of its own.
 */
export function createHoldBatches(deps: { place: PlaceHolds; batchMax: number; lanes: number }): BatchHolds {
  const { place, batchMax, lanes } = deps;
  let waiting: Waiting[] = [];
  let busy = 0;

  function start(): void {
    while (busy < lanes && waiting.length > 0) {
      const { batch, rest } = take(waiting, batchMax);
      waiting = rest;
      busy += 1;
      void run(batch).finally(() => {
        busy -= 1;
        start();
      });
    }
  }

  async function run(batch: readonly Waiting[]): Promise<void> {
    try {
      const placed = await place(batch);
      for (const { claim, answer } of batch) answer({ hold: placed.get(claim.transactionId) ?? null });
    } catch (error) {
      // Found out by the source id of each (M6): the hold that is there is found, the one that is not is placed.
      const left: Batched = error instanceof UnknownCommit ? { hold: null, doubt: error } : { hold: null };
      for (const { answer } of batch) answer(left);
    }
  }

  return (claim, limits) =>
    new Promise((answer) => {
      waiting.push({ claim, limits, traceparent: currentContext().traceparent, answer });
      start();
    });
}

/** The first ones, but for a second of the same id or wallet: one statement could not do both, and the database would refuse it whole. */
function take(waiting: readonly Waiting[], batchMax: number): { batch: Waiting[]; rest: Waiting[] } {
  const seen = new Set<string>();
  const batch: Waiting[] = [];
  const rest: Waiting[] = [];
  for (const each of waiting) {
    const { transactionId, userId, currency } = each.claim;
    const keys = [transactionId, `${userId} ${currency}`];
    if (batch.length === batchMax || keys.some((key) => seen.has(key))) {
      rest.push(each);
      continue;
    }
    for (const key of keys) seen.add(key);
    batch.push(each);
  }
  return { batch, rest };
}
