import type { Sql } from '#libs/db';
import { type MessageSource, type MessageTx, postgresMessages } from '#libs/messaging';
import { type PeopleTx, postgresPeople } from '../people/people-store.ts';
import type { DeadLetter } from './dead-letter.ts';
import { conditionsOf, type DeadLetterFilter, deadLetterColumns, whereOf } from './dead-letter-rows.ts';
import { postgresReplays, type ReplayTx } from './replay-store.ts';

export interface Death {
  id: string;
  deadLetterId: string;
  reason: string;
  attempts: number;
  diedAt: Date;
}

/** Where a dead letter stands among all, so that a page can begin behind it. */
export type DeadLetterPlace = Pick<DeadLetter, 'diedAt' | 'id'>;

/** The same mistake in the same queue. */
export interface DeadLetterGroup {
  consumer: string;
  type: string | null;
  reason: string;
  count: number;
  firstDiedAt: Date;
  lastDiedAt: Date;
}

/** What one transaction may do with dead letters. A letter's row is locked before the items of jobs that name it. */
export interface DeadLetterTx extends MessageTx, Pick<PeopleTx, 'insertAct'>, ReplayTx {
  /** Makes the row if the message is new here, and locks it. Answers its id. */
  lockBuried(letter: DeadLetter): Promise<string>;
  /** False if this very death was noted before. */
  insertDeath(death: Death): Promise<boolean>;
  /** It died once more, and is open again whatever was done about it. */
  reopen(id: string, death: Pick<DeadLetter, 'reason' | 'attempts' | 'diedAt' | 'headers'>): Promise<void>;
  discard(id: string, note: string): Promise<void>;
  lockDeadLetter(id: string): Promise<DeadLetter | null>;
  findDeadLetter(id: string): Promise<DeadLetter | null>;
  /** Those of these ids that are there. */
  findDeadLetters(ids: readonly string[]): Promise<DeadLetter[]>;
  /** The newest death first, those behind `after` only. */
  listDeadLetters(
    filter: DeadLetterFilter,
    page: { after: DeadLetterPlace | null; limit: number },
  ): Promise<DeadLetter[]>;
  /** The largest group first. */
  groupDeadLetters(filter: DeadLetterFilter, limit: number): Promise<DeadLetterGroup[]>;
  /** Oldest first. */
  deathsOf(id: string, limit: number): Promise<Death[]>;
}

export const postgresDeadLetters = (sql: Sql, messages: MessageSource): DeadLetterTx => ({
  ...postgresMessages(sql, messages),
  ...graveyard(sql),
  ...lookedUp(sql),
  ...postgresReplays(sql),
  insertAct: postgresPeople(sql).insertAct,
});

type Graveyard = Pick<DeadLetterTx, 'lockBuried' | 'insertDeath' | 'reopen' | 'discard' | 'lockDeadLetter'>;

const graveyard = (sql: Sql): Graveyard => ({
  // The update that changes nothing is the lock, as for subjects.
  lockBuried: async (l) => {
    const [row] = await sql.rows<{ id: string }>(
      `INSERT INTO dead_letters (id, consumer, message_id, digest, type, correlation_id, traceparent, content_type, content,
         headers, state, reason, attempts, deaths, replays, first_died_at, died_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
       ON CONFLICT (consumer, message_id, digest) DO UPDATE SET state = dead_letters.state
       RETURNING id`,
      [
        ...[l.id, l.consumer, l.messageId, l.digest, l.type, l.correlationId, l.traceparent, l.contentType, l.content],
        ...[JSON.stringify(l.headers), l.state, l.reason, l.attempts, l.deaths, l.replays, l.firstDiedAt, l.diedAt],
      ],
    );
    return row?.id ?? l.id;
  },
  insertDeath: async ({ id, deadLetterId, reason, attempts, diedAt }) => {
    const inserted = await sql.run(
      `INSERT INTO deaths (id, dead_letter_id, reason, attempts, died_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO NOTHING`,
      [id, deadLetterId, reason, attempts, diedAt],
    );
    return inserted === 1;
  },
  reopen: async (id, { reason, attempts, diedAt, headers }) => {
    await sql.run(
      `UPDATE dead_letters SET state = 'open', deaths = deaths + 1, reason = $2, attempts = $3, headers = $5,
         died_at = greatest(died_at, $4)
       WHERE id = $1`,
      [id, reason, attempts, diedAt, JSON.stringify(headers)],
    );
  },
  discard: async (id, note) => {
    await sql.run(`UPDATE dead_letters SET state = 'discarded', note = $2 WHERE id = $1`, [id, note]);
  },
  lockDeadLetter: async (id) => {
    const found = `SELECT ${deadLetterColumns} FROM dead_letters WHERE id = $1 FOR UPDATE`;
    return (await sql.rows<DeadLetter>(found, [id]))[0] ?? null;
  },
});

type LookedUp = Pick<
  DeadLetterTx,
  'findDeadLetter' | 'findDeadLetters' | 'listDeadLetters' | 'groupDeadLetters' | 'deathsOf'
>;

function lookedUp(sql: Sql): LookedUp {
  const findDeadLetters: LookedUp['findDeadLetters'] = (ids) =>
    sql.rows<DeadLetter>(`SELECT ${deadLetterColumns} FROM dead_letters WHERE id = ANY($1::uuid[])`, [ids]);
  return {
    findDeadLetters,
    findDeadLetter: async (id) => (await findDeadLetters([id]))[0] ?? null,
    listDeadLetters: (filter, { after, limit }) => {
      const { conditions, values } = conditionsOf(filter);
      if (after !== null) conditions.push(`(died_at, id) < ($${values.push(after.diedAt)}, $${values.push(after.id)})`);
      return sql.rows<DeadLetter>(
        `SELECT ${deadLetterColumns} FROM dead_letters ${whereOf(conditions)}
         ORDER BY died_at DESC, id DESC LIMIT $${values.push(limit)}`,
        values,
      );
    },
    groupDeadLetters: (filter, limit) => {
      const { conditions, values } = conditionsOf(filter);
      return sql.rows<DeadLetterGroup>(
        `SELECT consumer, type, reason, count(*)::int AS count, min(first_died_at) AS "firstDiedAt",
           max(died_at) AS "lastDiedAt"
         FROM dead_letters ${whereOf(conditions)} GROUP BY consumer, type, reason
         ORDER BY count(*) DESC, consumer, type, reason LIMIT $${values.push(limit)}`,
        values,
      );
    },
    deathsOf: (id, limit) =>
      sql.rows<Death>(
        `SELECT id, dead_letter_id AS "deadLetterId", reason, attempts, died_at AS "diedAt" FROM deaths
         WHERE dead_letter_id = $1 ORDER BY died_at, id LIMIT $2`,
        [id, limit],
      ),
  };
}
