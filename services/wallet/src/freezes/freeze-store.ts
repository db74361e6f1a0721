import type { Sql } from '#libs/db';
import type { Owner } from '../ledger/ledger.ts';
import type { Act } from './act.ts';
import type { Freeze } from './freeze.ts';

export interface FreezeTx {
  /** False, and nothing is written, while that wallet (or, with `owner` null, everything) is frozen already. */
  insertFreeze(freeze: Freeze): Promise<boolean>;
  /** The freeze that is in force. */
  findActiveFreeze(owner: Owner | null): Promise<Freeze | null>;
  /** FOR UPDATE. */
  lockFreeze(id: string): Promise<Freeze | null>;
  /** Both on a locked row, and both refused by the database where one admin would do it alone. */
  proposeRelease(id: string, by: string, at: Date): Promise<void>;
  releaseFreeze(id: string, by: string, at: Date): Promise<void>;
  /** In force first, then newest first. */
  listFreezes(limit: number): Promise<Freeze[]>;
  insertAct(act: Act): Promise<void>;
}

const COLUMNS = `id, user_id AS "userId", currency, reason, frozen_by AS "frozenBy", frozen_at AS "frozenAt",
  release_proposed_by AS "releaseProposedBy", release_proposed_at AS "releaseProposedAt", released_by AS "releasedBy",
  released_at AS "releasedAt"`;

type Row = Omit<Freeze, 'owner'> & { userId: string | null; currency: Owner['currency'] | null };

export function postgresFreezes(sql: Sql): FreezeTx {
  const first = async (condition: string, values: unknown[]): Promise<Freeze | null> => {
    const [row] = await sql.rows<Row>(`SELECT ${COLUMNS} FROM freezes WHERE ${condition}`, values);
    return row === undefined ? null : freezeOf(row);
  };
  return {
    insertFreeze: async ({ id, owner, reason, frozenBy, frozenAt }) => {
      const inserted = await sql.run(
        `INSERT INTO freezes (id, user_id, currency, reason, frozen_by, frozen_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (user_id, currency) WHERE released_at IS NULL DO NOTHING`,
        [id, owner?.userId ?? null, owner?.currency ?? null, reason, frozenBy, frozenAt],
      );
      return inserted === 1;
    },
    findActiveFreeze: (owner) =>
      owner === null
        ? first('user_id IS NULL AND released_at IS NULL', [])
        : first('user_id = $1 AND currency = $2 AND released_at IS NULL', [owner.userId, owner.currency]),
    lockFreeze: (id) => first('id = $1 FOR UPDATE', [id]),
    proposeRelease: async (id, by, at) => {
      await sql.run('UPDATE freezes SET release_proposed_by = $2, release_proposed_at = $3 WHERE id = $1', [
        id,
        by,
        at,
      ]);
    },
    releaseFreeze: async (id, by, at) => {
      await sql.run('UPDATE freezes SET released_by = $2, released_at = $3 WHERE id = $1', [id, by, at]);
    },
    listFreezes: async (limit) => {
      const text = `SELECT ${COLUMNS} FROM freezes ORDER BY released_at IS NOT NULL, frozen_at DESC, id LIMIT $1`;
      return (await sql.rows<Row>(text, [limit])).map(freezeOf);
    },
    insertAct: async ({ id, at, actorId, action, freezeId }) => {
      const values = [id, at, actorId, action, freezeId];
      await sql.run('INSERT INTO acts (id, at, actor_id, action, freeze_id) VALUES ($1, $2, $3, $4, $5)', values);
    },
  };
}

function freezeOf({ userId, currency, ...row }: Row): Freeze {
  return { ...row, owner: userId === null || currency === null ? null : { userId, currency } };
}
