import { type Request, Router } from 'express';
import { Problem } from '#libs/http';
import { accessOf } from '../authenticate.ts';
import type { AccessTokens } from '../identity/access-token.ts';
import { notFound } from '../problems.ts';
import type { LiveStreams } from './live-streams.ts';

/** Of ours, and nothing that could change the path that it is put into. */
const idForm = /^[A-Za-z0-9_-]{1,64}$/;
const entryForm = /^(0|[1-9][0-9]{0,17})$/;

/** Live status by server-sent events (T5). */
export function liveRoutes({ tokens, live }: { tokens: Pick<AccessTokens, 'verify'>; live: LiveStreams }): Router {
  return Router().get('/api/v1/transactions/:id/events', async (request, response) => {
    const { user, expiresAt } = await accessOf(tokens, request);
    const { id: transactionId } = request.params;
    if (!idForm.test(transactionId)) throw notFound;
    await live.open({ user, expiresAt, transactionId, after: lastEventId(request) }, response);
  });
}

/** What a reader who comes back has; `0` for one who is new. */
function lastEventId(request: Request): string {
  const after = request.get('last-event-id') || '0';
  if (!entryForm.test(after)) throw new Problem('bad_request', { detail: 'Last-Event-ID is none of ours' });
  return after;
}
