import { type Claimed, messagesOf, restoredMark, tellSubmitted, withDatabase } from './fence.ts';

/**
 * People found the payout that Revio holds under a withdrawal's reference: it becomes the withdrawal's own, and is read like any other.
 * What it says, not this, moves the hold; one of another amount is a case. False where the withdrawal does not wait for this.
 */
export function foundPayout(paymentsUrl: string, id: string, payoutId: string): Promise<boolean> {
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
      if (found !== undefined) await tellSubmitted(messagesOf(sql, 'payments'), found);
      return found !== undefined;
    }),
  );
}

/**
 * Revio holds no payout under the withdrawal's reference, and it is long enough after the last service of before stopped that none can still
 * come: it goes on where it was, and is paid out once the freeze is lifted. False where the withdrawal does not wait for this.
 */
export function foundNone(paymentsUrl: string, id: string): Promise<boolean> {
  return withDatabase(paymentsUrl, async ({ read }) => {
    const step = `CASE WHEN reserved_at IS NULL THEN 'place_hold' WHEN approval = 'waiting' THEN NULL ELSE 'submit_payout' END`;
    const changed = await read.run(
      `WITH changed AS (
         UPDATE transactions SET status = 'pending', updated_at = now(), attempts = 0, next_step = ${step},
           leased_until = CASE WHEN ${step} IS NOT NULL THEN now() END
         WHERE id = $1 AND ${waitsForLookUp}
         RETURNING id, status, updated_at
       )
       INSERT INTO timeline (transaction_id, status, reason, at) SELECT id, status, '${restoredMark}', updated_at FROM changed`,
      [id],
    );
    return changed === 1;
  });
}

const waitsForLookUp = `kind = 'withdrawal' AND status = 'processing' AND execute_sent_at IS NULL AND payout_id IS NULL`;
