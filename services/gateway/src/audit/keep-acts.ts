import { type EventData, type events, listensTo } from '#libs/contracts';
import type { Transact } from '#libs/db';
import type { Handlers, Received } from '#libs/messaging';
import type { AuditTx } from './audit-log.ts';

type AuditedEvent = Extract<keyof typeof events, `${string}.audited.v1`>;

/** Admin acts of the other services join the chain. The act's own id makes a message that comes twice one row. */
export const auditHandlers = (deps: { transact: Transact<AuditTx> }): Handlers =>
  Object.fromEntries(
    listensTo('gateway')
      .filter((type) => type.endsWith('.audited.v1'))
      .map((type) => [type, (event: Received<AuditedEvent>) => keepAct(deps, event)]),
  );

async function keepAct({ transact }: { transact: Transact<AuditTx> }, event: Received<AuditedEvent>): Promise<void> {
  const { act_id, actor_id, action, about }: EventData<AuditedEvent> = event.data;
  const [source] = event.type.split('.') as [AuditedEvent extends `${infer S}.audited.v1` ? S : never];
  await transact((tx) =>
    tx.appendAudit({
      source,
      actId: act_id,
      actedAt: new Date(event.time),
      actorId: actor_id,
      action,
      about,
      address: null,
      requestId: null,
    }),
  );
}
