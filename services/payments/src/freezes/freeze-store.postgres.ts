import type { Sql } from '#libs/db';
import type { FreezeTx } from './freeze-store.ts';

/** Whether a freeze is in force for the owner that two SQL expressions name. */
export const frozen = (userId: string, currency: string): string =>
  `EXISTS (SELECT FROM freezes WHERE NOT lifted
     AND (freezes.user_id IS NULL OR (freezes.user_id = ${userId} AND freezes.currency = ${currency})))`;

export const postgresFreezes = (sql: Sql): FreezeTx => ({
  noteFreeze: async ({ id, userId, currency, lifted }) => {
    await sql.run(
      `INSERT INTO freezes (id, user_id, currency, lifted) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO UPDATE SET lifted = freezes.lifted OR excluded.lifted`,
      [id, userId, currency, lifted],
    );
  },
});
