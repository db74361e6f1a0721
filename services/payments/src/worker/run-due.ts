import type { Transact } from '#libs/db';
import { type Clock, inTraceOf, type Logger, runInContext } from '#libs/runtime';
import type { PaymentsTx } from '../payments-tx.ts';
import type { Step, Transaction } from '../transaction/transaction.ts';
import { HopelessStep } from './hopeless-step.ts';
import type { Pause } from './pause.ts';

/** Rows taken at once, worked on side by side: each is mostly waiting for an answer, and eight fill half of the connection pool. */
const batchMax = 8;

export interface RunDueDeps {
  transact: Transact<PaymentsTx>;
  clock: Clock;
  logger: Logger;
  leaseMs: number;
  /** Told of each step that threw, besides the log, and what follows. */
  noteFailure: (step: Step, outcome: 'retried' | 'put_down') => void;
}

/**
 * Leases what is due for `step` and works on it; returns how many rows there were. A step that throws keeps its lease, so it is
 * tried again when that is over and nobody else's work is held up; a `HopelessStep` is put down for a human. While `pause` lasts,
 * nothing is taken.
 */
export async function runDue(
  deps: RunDueDeps,
  worker: { step: Step; pause: Pause; work: (transaction: Transaction) => Promise<unknown> },
): Promise<number> {
  if (worker.pause.remainingMs() > 0) return 0;
  const now = deps.clock.now();
  const until = new Date(now.getTime() + deps.leaseMs);
  const due = await deps.transact((tx) => tx.leaseDue(worker.step, now, until, batchMax));
  await Promise.all(
    due.map((transaction) =>
      inTraceOf(transaction, () =>
        runInContext({ correlationId: transaction.id }, async () => {
          try {
            await worker.work(transaction);
          } catch (err) {
            await failed(deps, worker.step, transaction, err);
          }
        }),
      ),
    ),
  );
  return due.length;
}

/** Never throws: what the database does not take now keeps its lease, and is found as hopeless again. */
async function failed(deps: RunDueDeps, step: Step, { id, attempts }: Transaction, err: unknown): Promise<void> {
  const outcome = err instanceof HopelessStep ? 'put_down' : 'retried';
  deps.logger.error({ err, step, attempts, outcome }, 'step failed');
  deps.noteFailure(step, outcome);
  if (outcome === 'retried') return;
  await deps
    .transact((tx) => tx.finishStep(id, step))
    .catch((cause: unknown) => deps.logger.error({ err: cause, step }, 'a hopeless step could not be put down'));
}
