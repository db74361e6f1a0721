import type { Sql } from '#libs/db';
import { type AuditTx, postgresAudit } from './audit/audit-log.ts';
import { postgresSessions, type SessionTx } from './identity/session-store.ts';
import { postgresUsers, type UserTx } from './identity/user-store.ts';

/** What a transaction of this service can do. */
export type GatewayTx = UserTx & SessionTx & AuditTx;

export const postgresGatewayTx = (sql: Sql): GatewayTx => ({
  ...postgresUsers(sql),
  ...postgresSessions(sql),
  ...postgresAudit(sql),
});
