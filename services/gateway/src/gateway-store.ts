import type { Sql } from '#libs/db';
import { type AuditTx, postgresAudit } from './audit/audit-log.ts';
import { postgresUsers, type UserTx } from './identity/user-store.ts';

/** What a transaction of this service can do. */
export type GatewayTx = UserTx & AuditTx;

export const postgresGatewayTx = (sql: Sql): GatewayTx => ({ ...postgresUsers(sql), ...postgresAudit(sql) });
