import type { MemoryDatabase } from '#libs/db';
import type { TimelineEntry, Transaction } from './transaction.ts';
import type { TransactionTx } from './transaction-store.ts';

/** The transactions in memory, by the same rules as the SQL; the contract test runs over both. */
export function memoryTransactions(
  memory: MemoryDatabase,
  isFrozen: (row: Transaction) => boolean,
): TransactionTx & { transactions(): readonly Transaction[] } {
  const transactions = memory.table<Transaction>({
    key: (row) => row.id,
    keyConstraint: 'transactions_pkey',
    unique: { transactions_source_once: (row) => row.sourceId, transactions_purchase_once: (row) => row.purchaseId },
  });
  const timeline = memory.table<TimelineEntry & { id: number; transactionId: string }>({
    key: (row) => String(row.id),
  });

  const note = ({ id, status, reason, updatedAt }: Transaction) =>
    timeline.insert({ id: timeline.all().length + 1, transactionId: id, status, reason, at: updatedAt });
  /** Changes the row if it is there and `when` holds, as UPDATE … WHERE does. */
  const change = (id: string, when: (row: Transaction) => boolean, to: (row: Transaction) => Partial<Transaction>) => {
    const row = transactions.get(id);
    return row !== undefined && when(row) ? transactions.update(id, to(row)) : undefined;
  };
  const always = () => true;
  const noStep = { nextStep: null, leasedUntil: null, attempts: 0 };
  const isDue = (row: Transaction, now: Date) => row.leasedUntil !== null && row.leasedUntil <= now;
  const lease = (until: Date) => (row: Transaction) => ({ leasedUntil: until, attempts: row.attempts + 1 });
  const isWaiting = (row: Transaction) => uncommitted(row) && row.approval === 'waiting';
  type Place = Pick<Transaction, 'createdAt' | 'id'>;
  const order = (a: Place, b: Place) =>
    a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id));
  const uncommitted = (row: Transaction) => row.status === 'pending' && row.executeSentAt === null;

  return {
    transactions: () => transactions.all(),
    insertTransaction: async (transaction) => {
      transactions.insert(transaction);
      note(transaction);
    },
    insertReversal: async (transaction) => {
      const inserted = transactions.insertIfAbsent(transaction);
      if (inserted) note(transaction);
      return inserted;
    },
    findTransaction: async (id) => transactions.get(id),
    lockTransaction: async (id) => transactions.get(id),
    readTimeline: async (id) =>
      timeline.filter((entry) => entry.transactionId === id).map(({ status, reason, at }) => ({ status, reason, at })),
    moveTransaction: async (id, { status, reason, at }) => {
      const row = change(id, always, () => ({ status, reason, updatedAt: at, ...noStep }));
      if (row) note(row);
    },

    attachPurchase: async (id, purchase, at) =>
      change(
        id,
        (row) => row.status === 'pending' && row.purchaseId === null,
        () => ({ ...purchase, updatedAt: at, ...noStep }),
      ),
    markReserved: async (id, at) => {
      const row = change(id, always, ({ approval }) => ({
        reservedAt: at,
        nextStep: approval === 'waiting' ? null : 'submit_payout',
        leasedUntil: approval === 'waiting' ? null : at,
        attempts: 0,
        updatedAt: at,
      }));
      if (row?.approval === 'waiting') note({ ...row, reason: 'awaiting_approval' });
    },
    attachPayout: async (id, payoutId, at) => {
      change(id, always, () => ({ payoutId, updatedAt: at }));
    },
    recordIntent: async (id, payoutId, at) => {
      const row = change(
        id,
        (found) =>
          uncommitted(found) && found.payoutId === payoutId && found.approval !== 'waiting' && !isFrozen(found),
        () => ({ status: 'processing', executeSentAt: at, updatedAt: at, ...noStep }),
      );
      if (row) note(row);
      return row !== undefined;
    },
    requestVoid: async (id, reason, at) => {
      const row = change(
        id,
        (found) => found.kind === 'withdrawal' && uncommitted(found),
        (found) => ({
          status: 'voiding',
          reason,
          updatedAt: at,
          ...(found.reservedAt === null ? {} : { nextStep: null, leasedUntil: null }),
        }),
      );
      if (row) note(row);
      return row;
    },
    readTimelineAfter: async (id, after) =>
      timeline
        .filter((entry) => entry.transactionId === id && BigInt(entry.id) > after)
        .map(({ id: number, status, reason, at }) => ({ id: BigInt(number), status, reason, at })),
    approve: async (id, at) => {
      const row = change(id, isWaiting, (found) => ({
        approval: 'approved',
        updatedAt: at,
        ...(found.reservedAt === null ? {} : { nextStep: 'submit_payout', leasedUntil: at, attempts: 0 }),
      }));
      if (row) note({ ...row, reason: 'approved' });
      return row;
    },
    reject: async (id, reason, at) => {
      const row = change(id, isWaiting, (found) => ({
        status: 'voiding',
        approval: 'rejected',
        reason,
        updatedAt: at,
        ...(found.reservedAt === null ? {} : { nextStep: null, leasedUntil: null }),
      }));
      if (row) note(row);
      return row;
    },
    listWaiting: async (limit, after) =>
      transactions
        .filter((row) => isWaiting(row) && row.reservedAt !== null && (after === undefined || order(row, after) > 0))
        .sort(order)
        .slice(0, limit),
    hasCompletedWithdrawal: async (userId) =>
      transactions.filter((row) => row.userId === userId && row.kind === 'withdrawal' && row.status === 'completed')
        .length > 0,

    leaseDue: async (step, now, until, limit) =>
      transactions
        .filter((row) => row.nextStep === step && isDue(row, now))
        .filter((row) => !(step === 'submit_payout' && (row.approval === 'waiting' || isFrozen(row))))
        .sort((a, b) => (a.leasedUntil?.getTime() ?? 0) - (b.leasedUntil?.getTime() ?? 0))
        .slice(0, limit)
        .flatMap((row) => transactions.update(row.id, lease(until)(row)) ?? []),
    leaseOne: async (id, step, now, until) =>
      change(id, (row) => row.nextStep === step && isDue(row, now), lease(until)),
    finishStep: async (id, step) => {
      change(
        id,
        (row) => row.nextStep === step,
        () => noStep,
      );
    },
    postpone: async (id, step, until) => {
      change(
        id,
        (row) => row.nextStep === step,
        () => ({ leasedUntil: until }),
      );
    },
  };
}
