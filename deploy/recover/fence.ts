import { connectDatabase, type Database, type Sql } from '#libs/db';
import { type MessageTx, postgresMessages } from '#libs/messaging';
import type { Currency } from '#libs/money';
import { createLogger, newUuid } from '#libs/runtime';
import { postgresFreezes } from '../../services/wallet/src/freezes/freeze-store.ts';
import { toldFreeze } from '../../services/wallet/src/freezes/freeze-withdrawals.ts';

/** The owners' URLs of two restored databases. */
export interface Restored {
  walletUrl: string;
  paymentsUrl: string;
}

export interface Fenced {
  /** Their payout is known: from now on only Revio's word about it ends them. */
  toRead: string[];
  /** Nobody knows whether there is a payout: people look at Revio for one with this reference. */
  toLookUp: string[];
}

/** What the books say of a withdrawal that payments tells as submitted. */
export interface Claimed {
  id: string;
  userId: string;
  currency: Currency;
  amountMinor: bigint;
  payoutId: string;
  payoutCreatedAt: Date;
}

export const restoredMark = 'restored';

/**
 * After a restore to an earlier moment and before any service starts (ADR 19): what the lost books did is not known, so everything that they
 * may have done is taken for done until Revio says otherwise. Withdrawals freeze everywhere, and none that was accepted may be executed,
 * cancelled or turned back: it may have been paid out in the time that is lost. Repeating it does no harm.
 */
export async function fenceAfterRestore({ walletUrl, paymentsUrl }: Restored): Promise<Fenced> {
  const freezeId = await withDatabase(walletUrl, freezeEverything);
  return withDatabase(paymentsUrl, (db) =>
    db.transact(async (sql) => {
      // Payments learns of it in its own database too, not by the message alone: its workers look before that arrives.
      await sql.run('INSERT INTO freezes (id, lifted) VALUES ($1, false) ON CONFLICT (id) DO NOTHING', [freezeId]);
      const claimed = await claimKnownPayouts(sql);
      const messages = messagesOf(sql, 'payments');
      for (const one of claimed) await tellSubmitted(messages, one);
      return { toRead: claimed.map(({ id }) => id), toLookUp: await parkUnknown(sql) };
    }),
  );
}

export async function withDatabase<R>(url: string, work: (db: Database) => Promise<R>): Promise<R> {
  const logger = createLogger({ name: 'after-restore', level: 'warn' });
  const db = await connectDatabase({ url, entities: [], poolMax: 1, applicationName: 'after-restore', logger });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

export const messagesOf = (sql: Sql, source: 'payments' | 'wallet'): MessageTx =>
  postgresMessages(sql, { source, newUuid, now: () => new Date() });

function freezeEverything(db: Database): Promise<string> {
  return db.transact(async (sql) => {
    const unreleased = { releaseProposedBy: null, releaseProposedAt: null, releasedBy: null, releasedAt: null };
    const freeze = { id: newUuid(), owner: null, reason: restoredMark, frozenBy: restoredMark, frozenAt: new Date() };
    const freezes = postgresFreezes(sql);
    if (!(await freezes.insertFreeze({ ...freeze, ...unreleased })))
      return (await freezes.findActiveFreeze(null))?.id ?? freeze.id;
    const told = toldFreeze({ ...freeze, ...unreleased });
    await messagesOf(sql, 'wallet').enqueue('wallet.frozen.v1', told, { correlationId: freeze.id });
    return freeze.id;
  });
}

/** The intent is written as if the call had been made: whoever reads the row then treats its outcome as unknown, which it is. */
function claimKnownPayouts(sql: Sql): Promise<Claimed[]> {
  return sql.rows<Claimed>(
    `WITH changed AS (
       UPDATE transactions SET status = 'processing', execute_sent_at = now(), updated_at = now(), next_step = NULL, leased_until = NULL,
         approval = CASE WHEN approval IS NOT NULL THEN 'approved' END
       FROM payouts
       WHERE transactions.kind = 'withdrawal' AND transactions.status = 'pending' AND execute_sent_at IS NULL
         AND payouts.payout_id = transactions.payout_id
       RETURNING transactions.*, payouts.created_on
     ), told AS (
       INSERT INTO timeline (transaction_id, status, reason, at) SELECT id, status, '${restoredMark}', updated_at FROM changed
     )
     SELECT id, user_id AS "userId", currency, amount_minor AS "amountMinor", payout_id AS "payoutId",
       created_on AS "payoutCreatedAt" FROM changed ORDER BY id`,
  );
}

/** Those that were parked before are named again. Without a step no worker takes them, and what is processing nobody can cancel. */
async function parkUnknown(sql: Sql): Promise<string[]> {
  await sql.run(
    `WITH changed AS (
       UPDATE transactions SET status = 'processing', updated_at = now(), next_step = NULL, leased_until = NULL
       WHERE kind = 'withdrawal' AND status = 'pending' AND payout_id IS NULL
       RETURNING id, status, updated_at
     )
     INSERT INTO timeline (transaction_id, status, reason, at) SELECT id, status, '${restoredMark}', updated_at FROM changed`,
  );
  const parked = await sql.rows<{ id: string }>(
    `SELECT id FROM transactions WHERE kind = 'withdrawal' AND status = 'processing' AND execute_sent_at IS NULL ORDER BY id`,
  );
  return parked.map(({ id }) => id);
}

export const tellSubmitted = (messages: MessageTx, withdrawal: Claimed): Promise<void> =>
  messages.enqueue('payments.payout-submitted.v1', {
    transaction_id: withdrawal.id,
    user_id: withdrawal.userId,
    currency: withdrawal.currency,
    amount_minor: String(withdrawal.amountMinor),
    payout_id: withdrawal.payoutId,
    payout_created_at: withdrawal.payoutCreatedAt.toISOString(),
    execute_sent_at: new Date().toISOString(),
  });
