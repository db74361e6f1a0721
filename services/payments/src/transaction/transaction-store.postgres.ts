import type { Sql } from '#libs/db';
import { frozen } from '../freezes/freeze-store.postgres.ts';
import type { TimelineEntry, Transaction } from './transaction.ts';
import type { NumberedEntry, TransactionTx } from './transaction-store.ts';

/** Column names beside the fields they fill; a `*` would break prepared statements whenever a migration adds a column. */
const columns = {
  id: 'id',
  user_id: 'userId',
  kind: 'kind',
  status: 'status',
  reason: 'reason',
  amount_minor: 'amountMinor',
  currency: 'currency',
  email_sealed: 'emailSealed',
  next_step: 'nextStep',
  leased_until: 'leasedUntil',
  attempts: 'attempts',
  purchase_id: 'purchaseId',
  checkout_url: 'checkoutUrl',
  due_at: 'dueAt',
  bank_account_id: 'bankAccountId',
  approval: 'approval',
  reserved_at: 'reservedAt',
  payout_id: 'payoutId',
  execute_sent_at: 'executeSentAt',
  reversal_of: 'reversalOf',
  reversal: 'reversal',
  source_id: 'sourceId',
  request_id: 'requestId',
  traceparent: 'traceparent',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
} as const satisfies Record<string, keyof Transaction>;

const names = Object.entries(columns);
const selected = names.map(([column, field]) => `${column} AS "${field}"`).join(', ');
/** For reads of the past, which have no use for the e-mail, sealed or not, nor for where it came from, and on a replica no right to them. */
const unread: readonly string[] = ['email_sealed', 'request_id', 'traceparent'];
export const unsealedTransaction = names
  .map(([column, field]) => `${unread.includes(column) ? 'NULL' : column} AS "${field}"`)
  .join(', ');
const insertColumns = names.map(([column]) => column).join(', ');
const placeholders = names.map((_, index) => `$${index + 1}`).join(', ');
const insert = `INSERT INTO transactions (${insertColumns}) VALUES (${placeholders})`;
const valuesOf = (transaction: Transaction) => names.map(([, field]) => transaction[field]);

/** In one statement with the change that it tells of: a status without its timeline entry cannot be. */
const addToTimeline = `INSERT INTO timeline (transaction_id, status, reason, at) SELECT id, status, reason, updated_at FROM changed`;

const beforeAll = { createdAt: new Date(0), id: '' };

/** Clears the worker's part of a row whose step is done. */
const noStep = 'next_step = NULL, leased_until = NULL, attempts = 0';

export function postgresTransactions(sql: Sql): TransactionTx {
  const first = async (text: string, values: readonly unknown[]) => (await sql.rows<Transaction>(text, values))[0];
  const changed = async (text: string, values: readonly unknown[]) => (await sql.run(text, values)) > 0;

  return {
    insertTransaction: async (transaction) => {
      await sql.run(
        `WITH changed AS (${insert} RETURNING id, status, reason, updated_at) ${addToTimeline}`,
        valuesOf(transaction),
      );
    },
    insertReversal: (transaction) =>
      changed(
        `WITH changed AS (
           ${insert} ON CONFLICT (source_id) WHERE source_id IS NOT NULL DO NOTHING RETURNING id, status, reason, updated_at
         ) ${addToTimeline}`,
        valuesOf(transaction),
      ),
    findTransaction: (id) => first(`SELECT ${selected} FROM transactions WHERE id = $1`, [id]),
    lockTransaction: (id) => first(`SELECT ${selected} FROM transactions WHERE id = $1 FOR UPDATE`, [id]),
    readTimeline: (id) =>
      sql.rows<TimelineEntry>('SELECT status, reason, at FROM timeline WHERE transaction_id = $1 ORDER BY id', [id]),
    moveTransaction: async (id, { status, reason, at }) => {
      await sql.run(
        `WITH changed AS (
           UPDATE transactions SET status = $2, reason = $3, updated_at = $4, ${noStep} WHERE id = $1
           RETURNING id, status, reason, updated_at
         ) ${addToTimeline}`,
        [id, status, reason, at],
      );
    },

    attachPurchase: (id, { purchaseId, checkoutUrl, dueAt }, at) =>
      first(
        `UPDATE transactions SET purchase_id = $2, checkout_url = $3, due_at = $4, updated_at = $5, ${noStep}
         WHERE id = $1 AND status = 'pending' AND purchase_id IS NULL RETURNING ${selected}`,
        [id, purchaseId, checkoutUrl, dueAt, at],
      ),
    markReserved: async (id, at) => {
      await sql.run(
        `WITH changed AS (
           UPDATE transactions SET reserved_at = $2, attempts = 0, updated_at = $2,
             next_step = CASE WHEN approval IS DISTINCT FROM 'waiting' THEN 'submit_payout' END,
             leased_until = CASE WHEN approval IS DISTINCT FROM 'waiting' THEN $2::timestamptz END
           WHERE id = $1 RETURNING id, status, approval, updated_at
         )
         INSERT INTO timeline (transaction_id, status, reason, at)
         SELECT id, status, 'awaiting_approval', updated_at FROM changed WHERE approval = 'waiting'`,
        [id, at],
      );
    },
    attachPayout: async (id, payoutId, at) => {
      await sql.run('UPDATE transactions SET payout_id = $2, updated_at = $3 WHERE id = $1', [id, payoutId, at]);
    },
    recordIntent: (id, payoutId, at) =>
      changed(
        `WITH changed AS (
           UPDATE transactions SET status = 'processing', execute_sent_at = $3, updated_at = $3, ${noStep}
           WHERE id = $1 AND status = 'pending' AND execute_sent_at IS NULL AND payout_id = $2
             AND approval IS DISTINCT FROM 'waiting'
             AND NOT ${frozen('transactions.user_id', 'transactions.currency')}
           RETURNING id, status, reason, updated_at
         ) ${addToTimeline}`,
        [id, payoutId, at],
      ),
    requestVoid: (id, reason, at) =>
      // Undecided by the wallet as yet: the step stays, so that a refusal that was decided but never heard of is asked for again.
      first(
        `WITH changed AS (
           UPDATE transactions SET status = 'voiding', reason = $2, updated_at = $3,
             next_step = CASE WHEN reserved_at IS NULL THEN next_step END,
             leased_until = CASE WHEN reserved_at IS NULL THEN leased_until END
           WHERE id = $1 AND kind = 'withdrawal' AND status = 'pending' AND execute_sent_at IS NULL
           RETURNING *
         ), told AS (${addToTimeline})
         SELECT ${selected} FROM changed`,
        [id, reason, at],
      ),
    readTimelineAfter: (id, after) =>
      sql.rows<NumberedEntry>(
        'SELECT id, status, reason, at FROM timeline WHERE transaction_id = $1 AND id > $2 ORDER BY id LIMIT 100',
        [id, after],
      ),
    approve: (id, at) =>
      first(
        `WITH changed AS (
           UPDATE transactions SET approval = 'approved', updated_at = $2,
             next_step = CASE WHEN reserved_at IS NULL THEN next_step ELSE 'submit_payout' END,
             leased_until = CASE WHEN reserved_at IS NULL THEN leased_until ELSE $2::timestamptz END,
             attempts = CASE WHEN reserved_at IS NULL THEN attempts ELSE 0 END
           WHERE id = $1 AND status = 'pending' AND approval = 'waiting'
           RETURNING *
         ), told AS (
           INSERT INTO timeline (transaction_id, status, reason, at) SELECT id, status, 'approved', updated_at FROM changed
         )
         SELECT ${selected} FROM changed`,
        [id, at],
      ),
    reject: (id, reason, at) =>
      first(
        `WITH changed AS (
           UPDATE transactions SET status = 'voiding', approval = 'rejected', reason = $2, updated_at = $3,
             next_step = CASE WHEN reserved_at IS NULL THEN next_step END,
             leased_until = CASE WHEN reserved_at IS NULL THEN leased_until END
           WHERE id = $1 AND status = 'pending' AND execute_sent_at IS NULL AND approval = 'waiting'
           RETURNING *
         ), told AS (${addToTimeline})
         SELECT ${selected} FROM changed`,
        [id, reason, at],
      ),
    listWaiting: (limit, after = beforeAll) =>
      sql.rows<Transaction>(
        `SELECT ${selected} FROM transactions
         WHERE approval = 'waiting' AND status = 'pending' AND reserved_at IS NOT NULL AND (created_at, id) > ($2, $3)
         ORDER BY created_at, id LIMIT $1`,
        [limit, after.createdAt, after.id],
      ),
    hasCompletedWithdrawal: async (userId) => {
      const [found] = await sql.rows<{ has: boolean }>(
        `SELECT EXISTS (SELECT FROM transactions WHERE user_id = $1 AND kind = 'withdrawal' AND status = 'completed') AS has`,
        [userId],
      );
      return found?.has === true;
    },

    leaseDue: (step, now, until, limit) =>
      sql.rows<Transaction>(
        // MATERIALIZED: inside of IN (…) a nested loop may run the inner select once per outer row, and its LIMIT limits nothing.
        `WITH due AS MATERIALIZED (
           SELECT id FROM transactions WHERE next_step = $1 AND leased_until <= $2
             AND NOT ($1 = 'submit_payout'
               AND (approval IS NOT DISTINCT FROM 'waiting' OR ${frozen('transactions.user_id', 'transactions.currency')}))
           ORDER BY leased_until LIMIT $4 FOR UPDATE SKIP LOCKED
         )
         UPDATE transactions SET leased_until = $3, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due) RETURNING ${selected}`,
        [step, now, until, limit],
      ),
    leaseOne: (id, step, now, until) =>
      first(
        `UPDATE transactions SET leased_until = $4, attempts = attempts + 1
         WHERE id = $1 AND next_step = $2 AND leased_until <= $3 RETURNING ${selected}`,
        [id, step, now, until],
      ),
    finishStep: async (id, step) => {
      await sql.run(`UPDATE transactions SET ${noStep} WHERE id = $1 AND next_step = $2`, [id, step]);
    },
    postpone: async (id, step, until) => {
      await sql.run('UPDATE transactions SET leased_until = $3 WHERE id = $1 AND next_step = $2', [id, step, until]);
    },
  };
}
