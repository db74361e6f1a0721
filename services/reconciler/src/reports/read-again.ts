import type { Deps } from '../deps.ts';
import { observe } from '../observe.ts';
import type { ReadDue } from '../reconciler-store.ts';
import type { FreshRead } from '../sweep.ts';
import type { Item } from './compare-day.ts';

export interface ReadAgainDeps extends Deps {
  readProvider: (due: ReadDue) => Promise<FreshRead>;
  /** Per report: beyond that it says how many it has left unread. */
  readsMax: number;
  /** In flight: Revio is asked gently, as by the sweep. */
  concurrencyMax: number;
}

/**
 * Reads at Revio whatever would be a difference and whatever only a webhook has told of, through the one door: it may heal by that.
 * Refunds and chargebacks have no read of their own. An outage ends it.
 */
export async function readAgain(
  deps: ReadAgainDeps,
  items: readonly Item[],
  signal?: AbortSignal,
): Promise<{ unread: number; isOut: boolean }> {
  const wanted = items.filter(isDoubtful).flatMap(readOf);
  const left = wanted.slice(0, deps.readsMax);
  let done = 0;
  let isOut = false;
  const work = async (): Promise<void> => {
    for (let due = left.shift(); due !== undefined && !isOut && signal?.aborted !== true; due = left.shift()) {
      const fresh = await deps.readProvider(due);
      if (fresh.kind === 'read') {
        await observe(deps, { observation: fresh.observation });
        done += 1;
      } else if (fresh.kind === 'unavailable') isOut = true;
    }
  };
  await Promise.all(Array.from({ length: deps.concurrencyMax }, work));
  return { unread: wanted.length - done, isOut };
}

const isDoubtful = ({ result, theirs }: Item): boolean =>
  (result !== 'matched' && result !== 'ours_alone') || theirs?.from === 'webhook';

const typeOf = { deposit: 'purchase', withdrawal: 'payout', payout_return: 'payout' } as const;

function readOf({ ours, theirs }: Item): ReadDue[] {
  const side = ours ?? theirs;
  if (side === null || side.kind === 'reversal' || side.kind === 'adjustment') return [];
  return [{ objectId: side.objectId, objectType: typeOf[side.kind] }];
}
