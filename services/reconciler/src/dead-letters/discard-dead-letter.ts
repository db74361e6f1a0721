import { type Person, recordAct } from '../people/act.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { DeadLetterDeps } from './deps.ts';

export type DiscardRefusal = 'not_found' | 'dead_letter_not_open' | 'replay_under_way';

/** A human decided that a message is not needed any more. It stays here, with why, and can still be replayed by its id. */
export async function discardDeadLetter(
  deps: DeadLetterDeps,
  admin: Person,
  { id, reason }: { id: string; reason: string },
): Promise<DeadLetter | DiscardRefusal> {
  const discarded = await deps.transact(async (tx) => {
    const letter = await tx.lockDeadLetter(id);
    if (letter === null) return 'not_found';
    if (letter.state !== 'open') return 'dead_letter_not_open';
    if (await tx.isWaiting(id)) return 'replay_under_way';
    await tx.discard(id, reason);
    await recordAct(tx, deps, admin, { action: 'dead_letter_discarded', about: id, note: reason });
    return { ...letter, state: 'discarded', note: reason } as const;
  });
  if (typeof discarded === 'string') return discarded;
  deps.counted('discarded', discarded.consumer);
  deps.wakeRelay();
  return discarded;
}
