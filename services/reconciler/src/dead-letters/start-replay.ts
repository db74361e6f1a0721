import { type Person, recordAct } from '../people/act.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { DeadLetterDeps } from './deps.ts';
import { foretellReplay } from './foretell-replay.ts';
import type { ReplayProgress, Wanted } from './replay-store.ts';

/** An hour's work of one person who looked at the group; what is more is asked for again. */
const itemsMax = 10_000;
/** As many as one question to an inbox may name, and as a person reads through. */
const foretoldMax = 500;

export type ReplayRefusal = 'not_found' | 'nothing_to_replay';

/** Makes a job of what is wanted; a worker puts the messages back one by one. The act of `admin` is told with it. */
export async function startReplay(
  deps: DeadLetterDeps,
  admin: Person,
  wanted: Wanted,
): Promise<ReplayProgress | ReplayRefusal> {
  const job = {
    id: deps.newUuid(),
    requestedBy: admin.userId,
    requestedAt: deps.clock.now(),
    wanted,
    state: 'running',
    endedAt: null,
  } as const;
  const started = await deps
    .transact(async (tx) => {
      if ((await tx.insertReplay(job, wanted, itemsMax)) === 0) throw new NothingWanted();
      await recordAct(tx, deps, admin, { action: 'dead_letter_replay_started', about: job.id });
      return tx.findReplay(job.id);
    })
    .catch((error: unknown) => {
      if (error instanceof NothingWanted) return null;
      throw error;
    });
  if (started === null) return 'ids' in wanted ? 'not_found' : 'nothing_to_replay';
  deps.wakeReplays();
  deps.wakeRelay();
  return started;
}

/** Takes the job's row back with it. */
class NothingWanted extends Error {
  override readonly name = 'NothingWanted';
}

/** What `startReplay` would do, of the first 500, without doing it. */
export async function tryReplay(deps: DeadLetterDeps, wanted: Wanted) {
  const letters: DeadLetter[] = await deps.transact((tx) =>
    'ids' in wanted
      ? tx.findDeadLetters(wanted.ids)
      : tx.listDeadLetters({ ...wanted.filter, state: 'open' }, { after: null, limit: foretoldMax }),
  );
  return foretellReplay(deps, letters);
}
