import { type Person, recordAct } from '../people/act.ts';
import type { DeadLetterDeps } from './deps.ts';
import type { ReplayProgress } from './replay-store.ts';

/** Stops a job half-way: what is back in its queue stays there, what is not stays dead. */
export async function cancelReplay(
  deps: DeadLetterDeps,
  admin: Person,
  id: string,
): Promise<ReplayProgress | 'not_found' | 'replay_ended'> {
  const cancelled = await deps.transact(async (tx) => {
    const wasRunning = await tx.cancelReplay(id, deps.clock.now());
    if (wasRunning) await recordAct(tx, deps, admin, { action: 'dead_letter_replay_cancelled', about: id });
    const job = await tx.findReplay(id);
    if (job === null) return 'not_found';
    return wasRunning ? job : 'replay_ended';
  });
  deps.wakeRelay();
  return cancelled;
}
