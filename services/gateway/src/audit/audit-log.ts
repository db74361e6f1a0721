import type { ServiceName } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { DependencyDown } from '#libs/messaging';

/** What people did at the front door, and what they were refused. The acts of other services have words of their own. */
export type Action =
  | 'registered'
  | 'logged_in'
  | 'login_refused'
  | 'logged_out'
  | 'session_revoked'
  | 'refresh_reused'
  | 'password_changed'
  | 'password_change_refused'
  | 'rate_limited'
  | 'access_refused';

export interface AuditedAct {
  /** Whose act it was; with `actId` it is written once, however often it is told. */
  source: ServiceName;
  actId: string;
  actedAt: Date;
  /** Null where nobody proved who he is. */
  actorId: string | null;
  action: string;
  /** What it was done to, by its id. */
  about: string | null;
  address: string | null;
  requestId: string | null;
}

/** The part of a transaction that appends. Last before the end: the chain's lock is held until COMMIT, and every login waits for it. */
export interface AuditTx {
  appendAudit(act: AuditedAct): Promise<void>;
}

export function postgresAudit(sql: Sql): AuditTx {
  return {
    appendAudit: async ({ source, actId, actedAt, actorId, action, about, address, requestId }) => {
      await sql
        .rows('SELECT append_audit($1, $2, $3, $4, $5, $6, $7, $8)', [
          source,
          actId,
          actedAt,
          actorId,
          action,
          about,
          address,
          requestId,
        ])
        .catch((cause: unknown) => {
          // Two seconds without the lock: a replica hangs between its append and its COMMIT, which its database ends within half a minute.
          if ((cause as { code?: unknown }).code === '55P03')
            throw new DependencyDown('the audit log is locked', { cause });
          throw cause;
        });
    },
  };
}
