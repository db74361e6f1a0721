import { signInternalToken } from '#libs/auth';
import { inboxLookupAnswer, type ServiceName } from '#libs/contracts';
import type { Transact } from '#libs/db';
import { type HttpClient, HttpUnavailable } from '#libs/http';
import type { MessageTx } from '#libs/messaging';
import type { DeadLetterDeps } from './deps.ts';

/** Enough for one call and its second try. */
const tokenTtlS = 60;

export interface InboxDeps {
  transact: Transact<Pick<MessageTx, 'handledAmong'>>;
  /** The gateway has no internal door: it is what the public reaches. */
  services: Partial<Record<ServiceName, { client: HttpClient; key: Buffer }>>;
}

/** Asks a service which messages it has handled; the reconciler's own inbox is at hand. */
export const askInboxes =
  ({ transact, services }: InboxDeps): DeadLetterDeps['handledBy'] =>
  async (consumer, messageIds) => {
    if (consumer === 'reconciler') return new Set(await transact((tx) => tx.handledAmong(messageIds)));
    const service = services[consumer];
    if (service === undefined) return null;
    const token = signInternalToken(service.key, {
      audience: consumer,
      actor: { kind: 'service', service: 'reconciler' },
      ttlS: tokenTtlS,
    });
    try {
      const response = await service.client.request({
        method: 'POST',
        path: '/inbox-lookups',
        headers: { authorization: `Bearer ${token}` },
        json: { message_ids: messageIds },
        idempotent: true,
      });
      if (response.status !== 200) return null;
      const read = inboxLookupAnswer.safeParse(JSON.parse(response.body));
      return read.success ? new Set(read.data.handled) : null;
    } catch (error) {
      if (error instanceof HttpUnavailable || error instanceof SyntaxError) return null;
      throw error;
    }
  };
