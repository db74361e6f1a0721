import { Router } from 'express';
import { z } from 'zod';
import { requireService } from '#libs/auth';
import { type FedPosting as ContractPosting, postingCursor, postingsQuery, postingsWanted } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { parseBody, parseQuery } from '#libs/http';
import { type FedPosting, type FeedCursor, feedStart, findPostings, pagePostings } from './page-postings.ts';

/** For the reconciler: all postings in an order that skips none, and those of given sources (I9). */
export function postingRoutes(sql: Sql): Router {
  const router = Router();

  router.get('/postings', async (request, response) => {
    requireService(request, ['reconciler']);
    const { after, limit } = parseQuery(feedQuery, request);
    const { postings, next, heldBackSince } = await pagePostings(sql, after, limit);
    response.json({
      data: postings.map(shown),
      // By value: zod gives a copy of its default.
      next: next.writtenBy === feedStart.writtenBy ? null : textOf(next),
      held_back_since: heldBackSince?.toISOString() ?? null,
    });
  });

  router.post('/posting-lookups', async (request, response) => {
    requireService(request, ['reconciler']);
    const { sources } = parseBody(postingsWanted, request);
    const wanted = sources.map(({ kind, source_id: sourceId }) => ({ kind, sourceId }));
    response.json({ data: (await findPostings(sql, wanted)).map(shown) });
  });

  return router;
}

const feedQuery = postingsQuery.extend({
  after: postingCursor.transform(cursorOf).default(feedStart),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});

function cursorOf(text: string): FeedCursor {
  const [writtenBy = '', id = ''] = text.split('.');
  return { writtenBy: BigInt(writtenBy), id };
}

const textOf = ({ writtenBy, id }: FeedCursor): string => `${writtenBy}.${id}`;

const shown = (posting: FedPosting): ContractPosting => ({
  id: posting.id,
  kind: posting.kind,
  source_id: posting.sourceId,
  settlement: posting.settlement,
  transaction_id: posting.transactionId,
  user_id: posting.userId,
  currency: posting.currency,
  amount_minor: posting.amountMinor.toString(),
  system_minor: posting.systemMinor.toString(),
  created_at: posting.createdAt.toISOString(),
});
