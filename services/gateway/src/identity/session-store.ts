import type { Sql } from '#libs/db';
import type { RefreshToken, RevokedBecause, Session } from './session.ts';

/** The part of a transaction that knows sessions. */
export interface SessionTx {
  insertSession(session: Session): Promise<void>;
  /** Null where nobody has ever been given this token. */
  sessionOfToken(hash: Buffer): Promise<string | null>;
  /** Locks it: of two refreshes at once, by two replicas, the second waits and sees what the first did. */
  lockSession(id: string): Promise<Session | undefined>;
  liveSessions(userId: string, now: Date): Promise<Session[]>;
  extendSession(id: string, lastUsedAt: Date, expiresAt: Date): Promise<void>;
  /** How many were revoked: those of the user that are not yet, only `id` if given, all but `except` if given. */
  revokeSessions(
    of: { userId: string; id?: string | undefined; except?: string | undefined },
    at: Date,
    because: RevokedBecause,
  ): Promise<number>;
  insertRefreshToken(token: RefreshToken): Promise<void>;
  refreshToken(hash: Buffer): Promise<RefreshToken | undefined>;
  markUsed(hash: Buffer, at: Date): Promise<void>;
}

interface SessionRow {
  id: string;
  user_id: string;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  address: string | null;
  user_agent: string | null;
  successor_key: Buffer;
  revoked_at: Date | null;
}

const columns = 'id, user_id, created_at, last_used_at, expires_at, address, user_agent, successor_key, revoked_at';

export function postgresSessions(sql: Sql): SessionTx {
  return {
    insertSession: async (session) => {
      await sql.run(`INSERT INTO sessions (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
        session.id,
        session.userId,
        session.createdAt,
        session.lastUsedAt,
        session.expiresAt,
        session.address,
        session.userAgent,
        session.successorKey,
        session.revokedAt,
      ]);
    },
    sessionOfToken: async (hash) => {
      const [row] = await sql.rows<{ session_id: string }>('SELECT session_id FROM refresh_tokens WHERE hash = $1', [
        hash,
      ]);
      return row?.session_id ?? null;
    },
    lockSession: async (id) => {
      const [row] = await sql.rows<SessionRow>(`SELECT ${columns} FROM sessions WHERE id = $1 FOR UPDATE`, [id]);
      return row && sessionOf(row);
    },
    liveSessions: async (userId, now) =>
      (
        await sql.rows<SessionRow>(
          `SELECT ${columns} FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
           ORDER BY created_at DESC LIMIT 100`,
          [userId, now],
        )
      ).map(sessionOf),
    extendSession: async (id, lastUsedAt, expiresAt) => {
      await sql.run('UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1', [
        id,
        lastUsedAt,
        expiresAt,
      ]);
    },
    revokeSessions: ({ userId, id, except }, at, because) =>
      sql.run(
        `UPDATE sessions SET revoked_at = $2, revoked_because = $3
         WHERE user_id = $1 AND revoked_at IS NULL AND ($4::uuid IS NULL OR id = $4) AND ($5::uuid IS NULL OR id <> $5)`,
        [userId, at, because, id ?? null, except ?? null],
      ),
    insertRefreshToken: async ({ hash, sessionId, issuedAt, expiresAt, usedAt }) => {
      await sql.run(
        'INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at, used_at) VALUES ($1, $2, $3, $4, $5)',
        [hash, sessionId, issuedAt, expiresAt, usedAt],
      );
    },
    refreshToken: async (hash) => {
      const [row] = await sql.rows<{ session_id: string; issued_at: Date; expires_at: Date; used_at: Date | null }>(
        'SELECT session_id, issued_at, expires_at, used_at FROM refresh_tokens WHERE hash = $1',
        [hash],
      );
      return (
        row && {
          hash,
          sessionId: row.session_id,
          issuedAt: row.issued_at,
          expiresAt: row.expires_at,
          usedAt: row.used_at,
        }
      );
    },
    markUsed: async (hash, at) => {
      await sql.run('UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1', [hash, at]);
    },
  };
}

const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  userId: row.user_id,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
  address: row.address,
  userAgent: row.user_agent,
  successorKey: row.successor_key,
  revokedAt: row.revoked_at,
});
