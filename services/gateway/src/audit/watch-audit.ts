import { acquireLease, type Sql } from '#libs/db';
import type { Clock, Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { Checked, Head } from './chain.ts';
import { verifyAudit } from './verify-audit.ts';

export interface WatchDeps {
  read: Sql;
  clock: Pick<Clock, 'now'>;
  logger: Logger;
  /** Of this process, among the replicas. */
  holder: string;
  intervalMs: number;
  /** Every how many looks all rows are hashed anew, and not those alone that came since; also after a start and after a break. */
  fullEvery: number;
}

/** A holder that is gone is replaced after as many intervals. */
const leaseIntervals = 3;

type Seen = { checked: Checked; at: Date };

/**
 * The audit log is only worth what its last check is: this one runs all the while, and remembers the head, so that an end that was cut
 * off is seen as well, as long as the process lives. `last` is undefined while nothing is known, or another replica holds the lease.
 */
export function watchAudit(deps: WatchDeps) {
  const { read, clock, logger, holder, intervalMs, fullEvery } = deps;
  let head: Head | undefined;
  let last: Seen | undefined;
  let runs = 0;

  async function runOnce(): Promise<void> {
    if ((await acquireLease(read, 'verify-audit', holder, leaseIntervals * intervalMs)) === null) {
      last = undefined;
      return;
    }
    const since = runs % fullEvery === 0 ? undefined : head;
    const checked = await verifyAudit(read, { known: head, since });
    runs = checked.ok ? runs + 1 : 0;
    if (checked.ok) head = checked.head;
    else logger.fatal({ seq: String(checked.seq), because: checked.because }, 'the audit log is broken');
    last = { checked, at: clock.now() };
  }
  return { runOnce, last: (): Seen | undefined => last };
}

/** By the replica that checks; absent elsewhere, and while nothing is known. */
export function exposeAudit(metrics: Metrics, last: () => Seen | undefined): void {
  const gauge = (name: string, help: string, shownOf: (seen: Seen) => number | undefined) =>
    metrics.gauge({
      name,
      help,
      collect: (to) => {
        const seen = last();
        const value = seen && shownOf(seen);
        if (value === undefined) throw new Error('not known');
        to.set(value);
      },
    });
  gauge('audit_chain_broken', 'Whether a row of the audit log is missing or was changed', ({ checked }) =>
    checked.ok ? 0 : 1,
  );
  gauge('audit_chain_rows', 'Rows of the audit log, all of them in one chain', ({ checked }) =>
    checked.ok ? Number(checked.head.seq) : undefined,
  );
  gauge(
    'audit_check_timestamp_seconds',
    'When the chain was last followed to its end, Unix time',
    ({ at }) => at.getTime() / 1000,
  );
}
