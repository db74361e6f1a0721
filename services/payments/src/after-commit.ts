import type { Transact } from '#libs/db';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { PaymentsTx } from './payments-tx.ts';
import type { Status } from './transaction/transaction.ts';

interface Transition {
  transaction_id: string;
  status: Status;
  reason: string | null;
}

/**
 * What follows a COMMIT: one log line per status that a transaction was given, and the relay is woken if anything was enqueued (most
 * transactions are looks for work). A run that is rolled back leaves no line. Of a COMMIT whose answer was lost the second run finds
 * everything done and logs nothing; the timeline has it.
 */
export function withAfterCommit(
  transact: Transact<PaymentsTx>,
  deps: { logger: Logger; wakeRelay: () => void; metrics: Metrics },
): Transact<PaymentsTx> {
  const count = transitionCounter(deps.metrics);
  return async (work, options) => {
    let told = false;
    let transitions: Transition[] = [];
    const result = await transact((tx) => {
      transitions = [];
      return work({
        ...tx,
        ...notingTransitions(tx, (transition) => transitions.push(transition)),
        enqueue: (...event) => {
          told = true;
          return tx.enqueue(...event);
        },
      });
    }, options);
    if (told) deps.wakeRelay();
    for (const transition of transitions) {
      deps.logger.info(transition, 'transition');
      count(transition);
    }
    return result;
  };
}

const kinds = { dep: 'deposit', wd: 'withdrawal', rev: 'reversal' } as const;
const statuses: Record<(typeof kinds)[keyof typeof kinds], readonly Status[]> = {
  deposit: ['pending', 'completed', 'failed', 'expired', 'cancelled'],
  withdrawal: ['pending', 'processing', 'voiding', 'completed', 'failed', 'cancelled'],
  reversal: ['completed'],
};

/** By kind, which the id begins with. Reasons are stable words, some dozens of them; a status without one has an empty label. */
function transitionCounter(metrics: Metrics): (transition: Transition) => void {
  const counter = metrics.counter({
    name: 'transaction_transitions_total',
    help: 'Statuses that transactions were given, with the reason where there is one',
    labels: ['kind', 'status', 'reason'],
    zero: Object.entries(statuses).flatMap(([kind, all]) => all.map((status) => ({ kind, status, reason: '' }))),
  });
  return ({ transaction_id: id, status, reason }) => {
    const prefix = id.slice(0, id.indexOf('_'));
    counter.inc({ kind: kinds[prefix as keyof typeof kinds] ?? 'unknown', status, reason: reason ?? '' });
  };
}

type Moving = 'insertTransaction' | 'insertReversal' | 'moveTransaction' | 'recordIntent' | 'requestVoid' | 'reject';

/** The statements that give a transaction its status, all of them. */
function notingTransitions(tx: PaymentsTx, note: (transition: Transition) => void): Pick<PaymentsTx, Moving> {
  const noteAs = (transaction_id: string, status: Status, reason: string | null) =>
    note({ transaction_id, status, reason });
  return {
    insertTransaction: async (transaction) => {
      await tx.insertTransaction(transaction);
      noteAs(transaction.id, transaction.status, transaction.reason);
    },
    insertReversal: async (transaction) => {
      const inserted = await tx.insertReversal(transaction);
      if (inserted) noteAs(transaction.id, transaction.status, transaction.reason);
      return inserted;
    },
    moveTransaction: async (id, to) => {
      await tx.moveTransaction(id, to);
      noteAs(id, to.status, to.reason);
    },
    recordIntent: async (id, payoutId, at) => {
      const recorded = await tx.recordIntent(id, payoutId, at);
      if (recorded) noteAs(id, 'processing', null);
      return recorded;
    },
    requestVoid: async (id, reason, at) => {
      const voiding = await tx.requestVoid(id, reason, at);
      if (voiding !== undefined) noteAs(id, voiding.status, voiding.reason);
      return voiding;
    },
    reject: async (id, reason, at) => {
      const voiding = await tx.reject(id, reason, at);
      if (voiding !== undefined) noteAs(id, voiding.status, voiding.reason);
      return voiding;
    },
  };
}
