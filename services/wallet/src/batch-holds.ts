import { UnknownCommit } from '#libs/db';
import { currentContext } from '#libs/runtime';
import type { Claim, Hold } from './ledger/ledger.ts';
import type { Limits } from './ledger/limits.ts';

/** What came of a claim in a batch. Without a hold it was left out, and is to be decided alone; with `doubt` it may have been placed all the same. */
type Batched = { hold: Hold; doubt?: never } | { hold: null; doubt?: UnknownCommit };

/** One hold that would go with others. Nothing here ever throws. `wait` is called in the order of one queue per wallet, which gives the turns. */
interface HoldTicket {
  /** It has its place in the queue of its wallet: whoever of that wallet comes before it may take it along. */
  wait(): void;
  /** Called at its own turn, which lasts until the answer: goes now, unless it went already. */
  placed(): Promise<Batched>;
}
export type BatchHolds = (claim: Claim, limits: Limits) => HoldTicket;

/** A claim on its way, with the limits that hold for it and the trace that it is on. */
export type HoldOrder = { claim: Claim; limits: Limits; traceparent: string | undefined };

/**
 * Places the holds that are plainly right, round after round, all of them in one SERIALIZABLE transaction, and returns them by transaction id; what
 * it leaves out has changed nothing. In no round are two of one wallet, and in all of them no two of one id. Throws as a transaction does: then
 * none was placed, or with UnknownCommit all of those it would have placed, or none.
 */
export type PlaceHolds = (rounds: readonly (readonly HoldOrder[])[]) => Promise<ReadonlyMap<string, Hold>>;

type Waiting = HoldOrder & { answer: (batched: Batched) => void };

/** Of one wallet at once. More would spare it little, and whoever travels with it waits for its last round. */
const roundsMax = 8;

/**
 * Group commit: a hold that comes while all lanes are busy waits for the next that is free, and goes with whatever waits there too. One that
 * comes to a free lane goes at once, alone, so an idle service waits for nothing. Whoever has the turn of his wallet takes along those behind
 * him, each in a round of its own: it sees what the round before it did, as if that were committed.
 * Each gets the answer that it would get alone. What a batch leaves out is decided at its own turn, and so after those that were taken along
 * from behind it: a refusal moves nothing, so none of them is decided otherwise for that, and it is refused for what is so by then. A batch that
 * fails, for whatever reason, has placed nothing, and each of its holds is then decided alone: only the guilty one fails. `batchMax` 1 gives each a
 * transaction of its own.
 */
export function createHoldBatches(deps: { place: PlaceHolds; batchMax: number; lanes: number }): BatchHolds {
  const { place, batchMax, lanes } = deps;
  /** By wallet, first in, first out. */
  const waiting = new Map<string, Waiting[]>();
  /** The wallets of which one has its turn, and waits for a lane. */
  const turns = new Set<string>();
  let busy = 0;

  function start(): void {
    while (busy < lanes && turns.size > 0) {
      const rounds = take();
      busy += 1;
      void run(rounds).finally(() => {
        busy -= 1;
        start();
      });
    }
  }

  /** One of each wallet, then the next of each, while there is room; a second of the same id is for another batch. */
  function take(): Waiting[][] {
    const rounds: Waiting[][] = [];
    const taken = new Set<string>();
    const wallets = [...turns];
    const next = (wallet: string): Waiting[] => {
      const queue = waiting.get(wallet) ?? [];
      const [first] = queue;
      if (first === undefined || taken.size === batchMax || taken.has(first.claim.transactionId)) return [];
      taken.add(first.claim.transactionId);
      turns.delete(wallet);
      queue.shift();
      if (queue.length === 0) waiting.delete(wallet);
      return [first];
    };
    for (let round = wallets.flatMap(next); round.length > 0; round = wallets.flatMap(next)) {
      rounds.push(round);
      if (rounds.length === roundsMax) break;
    }
    return rounds;
  }

  async function run(rounds: readonly (readonly Waiting[])[]): Promise<void> {
    try {
      const placed = await place(rounds);
      for (const { claim, answer } of rounds.flat()) answer({ hold: placed.get(claim.transactionId) ?? null });
    } catch (error) {
      // Found out by the source id of each (M6): the hold that is there is found, the one that is not is placed.
      const left: Batched = error instanceof UnknownCommit ? { hold: null, doubt: error } : { hold: null };
      for (const { answer } of rounds.flat()) answer(left);
    }
  }

  return (claim, limits) => {
    const wallet = `${claim.userId} ${claim.currency}`;
    const traceparent = currentContext().traceparent;
    let answer: Waiting['answer'] = () => undefined;
    const answered = new Promise<Batched>((resolve) => {
      answer = resolve;
    });
    const order = { claim, limits, traceparent, answer };
    return {
      wait: () => {
        const queue = waiting.get(wallet);
        if (queue === undefined) waiting.set(wallet, [order]);
        else queue.push(order);
      },
      placed: () => {
        if (waiting.get(wallet)?.[0] === order) {
          turns.add(wallet);
          start();
        }
        return answered;
      },
    };
  };
}
