import { Router } from 'express';
import { requireService } from '#libs/auth';
import { inboxLookupRequest } from '#libs/contracts';
import type { Transact } from '#libs/db';
import { parseBody } from '#libs/http';
import type { MessageTx } from '#libs/messaging';

/**
 * `POST /inbox-lookups`, for the reconciler: which messages this service has handled, so that people know beforehand what a replay
 * comes to. Mount it behind `requireInternal`.
 */
export function inboxRoute({ transact }: { transact: Transact<Pick<MessageTx, 'handledAmong'>> }): Router {
  return Router().post('/inbox-lookups', async (request, response) => {
    requireService(request, ['reconciler']);
    const { message_ids: messageIds } = parseBody(inboxLookupRequest, request);
    response.json({ handled: await transact((tx) => tx.handledAmong(messageIds)) });
  });
}
