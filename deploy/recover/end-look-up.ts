import type { Sql } from '#libs/db';
import { newUuid } from '#libs/runtime';
import { type Act, postgresActs } from '../../services/payments/src/approval/act-store.ts';
import { type Claimed, messagesOf, restoredMark, tellSubmitted, withDatabase } from './fence.ts';

/** The ids, as the gateway has them, of the two admins who looked at Revio: each has an act of it in the audit log (A7). */
export type Lookers = readonly [string, string];

/**
 * People found the payout that Revio holds under a withdrawal's reference: it becomes the withdrawal's own, and is read like any other.
 * What it says, not this, moves the hold; one of another amount is a case. False where the withdrawal does not wait for this.
 */
export function foundPayout(paymentsUrl: string, by: Lookers, id: string, payoutId: string): Promise<boolean> {
  return withDatabase(paymentsUrl, (db) =>
    db.transact(async (sql) => {
      const [found] = await sql.rows<Claimed>(
        `WITH changed AS (
           UPDATE transactions SET payout_id = $2, execute_sent_at = now(), updated_at = now(),
             approval = CASE WHEN approval IS NOT NULL THEN 'approved' END
           WHERE id = $1 AND ${waitsForLookUp}
           RETURNING *
         )
         SELECT id, user_id AS "userId", currency, amount_minor AS "amountMinor", payout_id AS "payoutId",
           created_at AS "payoutCreatedAt" FROM changed`,
        [id, payoutId],
      );
      if (found === undefined) return false;
      await tellSubmitted(messagesOf(sql, 'payments'), found);
      await recordActs(sql, by, { action: 'payout_found', transactionId: id, note: payoutId });
      return true;
    }),
  );
}

/**
 * Revio holds no payout under the withdrawal's reference, and it is long enough after the last service of before stopped that none can still
 * come: it goes on where it was, and is paid out once the freeze is lifted. False where the withdrawal does not wait for this.
 */
export function foundNone(paymentsUrl: string, by: Lookers, id: string): Promise<boolean> {
  const step = `CASE WHEN reserved_at IS NULL THEN 'place_hold' WHEN approval = 'waiting' THEN NULL ELSE 'submit_payout' END`;
  return withDatabase(paymentsUrl, (db) =>
    db.transact(async (sql) => {
      const changed = await sql.run(
        `WITH changed AS (
           UPDATE transactions SET status = 'pending', updated_at = now(), attempts = 0, next_step = ${step},
             leased_until = CASE WHEN ${step} IS NOT NULL THEN now() END
           WHERE id = $1 AND ${waitsForLookUp}
           RETURNING id, status, updated_at
         )
         INSERT INTO timeline (transaction_id, status, reason, at) SELECT id, status, '${restoredMark}', updated_at FROM changed`,
        [id],
      );
      if (changed === 0) return false;
      await recordActs(sql, by, { action: 'payout_absent', transactionId: id, note: null });
      return true;
    }),
  );
}

const waitsForLookUp = `kind = 'withdrawal' AND status = 'processing' AND execute_sent_at IS NULL AND payout_id IS NULL`;

async function recordActs(sql: Sql, by: Lookers, act: Pick<Act, 'action' | 'transactionId' | 'note'>): Promise<void> {
  const [acts, messages] = [postgresActs(sql), messagesOf(sql, 'payments')];
  for (const actorId of by) {
    const id = newUuid();
    await acts.insertAct({ id, at: new Date(), actorId, ...act });
    await messages.enqueue(
      'payments.audited.v1',
      { act_id: id, actor_id: actorId, action: act.action, about: act.transactionId },
      { correlationId: act.transactionId },
    );
  }
}
