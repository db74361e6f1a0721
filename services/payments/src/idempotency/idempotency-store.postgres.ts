import type { Sql } from '#libs/db';
import type { Answer, IdempotencyKey, IdempotencyTx } from './idempotency-store.ts';

type Row = Omit<IdempotencyKey, 'answer'> & { answerStatus: number | null; answerBody: string | null };

const selected = `user_id AS "userId", key, input_hash AS "inputHash", transaction_id AS "transactionId",
  answer_status AS "answerStatus", answer_body AS "answerBody", created_at AS "createdAt"`;

const answerOf = (row: Row): Answer | null =>
  row.answerStatus === null || row.answerBody === null ? null : { status: row.answerStatus, body: row.answerBody };

function keyOf(row: Row): IdempotencyKey {
  const { answerStatus: _, answerBody: __, ...key } = row;
  return { ...key, answer: answerOf(row) };
}

export function postgresIdempotency(sql: Sql): IdempotencyTx {
  const findKey = async (userId: string, key: string) => {
    const [row] = await sql.rows<Row>(`SELECT ${selected} FROM idempotency_keys WHERE user_id = $1 AND key = $2`, [
      userId,
      key,
    ]);
    return row && keyOf(row);
  };
  return {
    findKey,
    claimKey: async (claim) => {
      const inserted = await sql.run(
        `INSERT INTO idempotency_keys (user_id, key, input_hash, transaction_id, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT idempotency_keys_pkey DO NOTHING`,
        [claim.userId, claim.key, claim.inputHash, claim.transactionId, claim.createdAt],
      );
      if (inserted > 0) return { stored: claim, inserted: true };
      // READ COMMITTED: this statement sees the row that the insert waited for. Keys are never deleted, so it is there.
      const stored = await findKey(claim.userId, claim.key);
      if (stored === undefined) throw new Error('an idempotency key vanished between two statements');
      return { stored, inserted: false };
    },
    storeAnswer: async (transactionId, { status, body }) => {
      const [row] = await sql.rows<Row>(
        // COALESCE keeps the first answer; the row's lock makes concurrent answers take turns.
        `UPDATE idempotency_keys SET answer_status = COALESCE(answer_status, $2), answer_body = COALESCE(answer_body, $3)
         WHERE transaction_id = $1 RETURNING ${selected}`,
        [transactionId, status, body],
      );
      return (row && answerOf(row)) ?? { status, body };
    },
  };
}
