import { Router } from 'express';
import { z } from 'zod';
import { transactionId } from '#libs/contracts';
import { Problem, parseQuery } from '#libs/http';
import { authenticate } from '../authenticate.ts';
import type { AccessTokens } from '../identity/access-token.ts';
import { forbidden, unavailableFor } from '../problems.ts';
import { readStory, type StoryDeps } from './read-story.ts';

/** One transaction from its request to the ledger, over all services, for support and admins. */
export function storyRoutes(deps: StoryDeps & { tokens: Pick<AccessTokens, 'verify'> }): Router {
  return Router().get('/api/v1/admin/transactions/:id/story', async (request, response) => {
    const user = await authenticate(deps.tokens, request);
    if (user.role === 'user') throw forbidden;
    parseQuery(z.strictObject({}), request);
    const id = transactionId.safeParse(request.params.id);
    if (!id.success) throw new Problem('transaction_not_found');
    const story = await readStory(deps, user, id.data);
    // Nothing at all is only nothing when everybody was asked.
    if (story.data.length === 0)
      throw story.incomplete.length === 0 ? new Problem('transaction_not_found') : unavailableFor.read;
    response.json(story);
  });
}
