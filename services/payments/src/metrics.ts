import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { NoteUnavailable } from './revio/provider.ts';
import { unavailableCauses } from './revio/provider.ts';
import type { Step } from './transaction/transaction.ts';
import type { SubmitPayoutDeps } from './withdrawal/submit-payout.ts';
import type { Pause } from './worker/pause.ts';
import type { RunDueDeps } from './worker/run-due.ts';

const operations = ['create_purchase', 'create_payout', 'read'] as const;
const steps = ['create_purchase', 'place_hold', 'submit_payout'] as const satisfies readonly Step[];
const outcomes = ['answered', 'unknown', 'not_sent', 'too_late'] as const;

export interface PaymentsMetrics {
  noteUnavailable: NoteUnavailable;
  noteExecuted: SubmitPayoutDeps['noteExecuted'];
  noteFailure: RunDueDeps['noteFailure'];
  noteSkew: (seconds: number) => void;
}

/** What operators are alerted by: a provider that refuses us, steps that throw, executions that nobody can vouch for. */
export function paymentsMetrics(
  metrics: Metrics,
  pauses: Readonly<Record<Step, Pause>>,
  logger: Pick<Logger, 'warn'>,
): PaymentsMetrics {
  const unavailable = metrics.counter({
    name: 'provider_unavailable_total',
    help: 'Calls that the provider could not or would not answer; nobody failed by them',
    labels: ['operation', 'cause'],
    zero: operations.flatMap((operation) => unavailableCauses.map((cause) => ({ operation, cause }))),
  });
  const executed = metrics.counter({
    name: 'payout_executions_total',
    help: 'Execute intents by how they went on; all but answered are left to the reader',
    labels: ['outcome'],
    zero: outcomes.map((outcome) => ({ outcome })),
  });
  const failures = metrics.counter({
    name: 'worker_step_failures_total',
    help: 'Steps that threw: retried when their lease is over, or put down because no repeat can do them',
    labels: ['step', 'outcome'],
    zero: steps.flatMap((step) => [
      { step, outcome: 'retried' },
      { step, outcome: 'put_down' },
    ]),
  });
  const skew = metrics.gauge({
    name: 'provider_clock_skew_seconds',
    help: "By how much the provider's clock is ahead of ours, from its last Date header",
  });
  metrics.gauge({
    name: 'worker_paused',
    help: '1 while a worker waits because the other side could not be asked, else 0',
    labels: ['step'],
    collect: (gauge) => {
      for (const step of steps) gauge.set({ step }, pauses[step].remainingMs() > 0 ? 1 : 0);
    },
  });
  return {
    noteUnavailable: (operation, { cause }) => {
      logger.warn({ operation, cause }, 'Revio gave no answer that can be used');
      unavailable.inc({ operation, cause });
    },
    noteExecuted: (outcome) => executed.inc({ outcome }),
    noteFailure: (step, outcome) => failures.inc({ step, outcome }),
    noteSkew: (seconds) => skew.set(seconds),
  };
}
