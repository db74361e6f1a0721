import type { Clock } from '#libs/runtime';
import type { Caller } from '../identity/caller.ts';
import type { Action, AuditedAct } from './audit-log.ts';

/** An act at the front door, as the audit log has it. */
export const auditOf = (
  { clock, newUuid }: { clock: Clock; newUuid: () => string },
  act: { action: Action; actorId: string | null; about: string | null },
  { address, requestId }: Caller,
): AuditedAct => ({ source: 'gateway', actId: newUuid(), actedAt: clock.now(), ...act, address, requestId });
