import { Router } from 'express';
import { requireService } from '#libs/auth';
import { type DayPostingsAnswer, type DayTotalsAnswer, dayPostingsQuery, dayTotalsQuery } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { parseQuery } from '#libs/http';
import { type DayCursor, type DayPosting, pageDayPostings, readTotals } from './day-books.ts';

/** One answer is some 200 kB then. */
const pageMax = 1_000;

/** For the reconciler's daily report: what the ledger says of a span of time (R3). */
export function dayRoutes(sql: Sql): Router {
  const router = Router();

  router.get('/day-totals', async (request, response) => {
    requireService(request, ['reconciler']);
    const totals = await readTotals(sql, spanOf(parseQuery(dayTotalsQuery, request)));
    const answer: DayTotalsAnswer = {
      data: totals.map(({ currency, openingMinor, closingMinor }) => ({
        currency,
        opening_minor: openingMinor.toString(),
        closing_minor: closingMinor.toString(),
      })),
    };
    response.json(answer);
  });

  router.get('/day-postings', async (request, response) => {
    requireService(request, ['reconciler']);
    const { currency, after, ...span } = parseQuery(dayPostingsQuery, request);
    const cursor = after === undefined ? null : cursorOf(after);
    const postings = await pageDayPostings(sql, spanOf(span), currency, cursor, pageMax);
    const last = postings.at(-1);
    const answer: DayPostingsAnswer = {
      data: postings.map(shown),
      next: last === undefined || postings.length < pageMax ? null : `${last.createdAt.toISOString()}~${last.id}`,
    };
    response.json(answer);
  });

  return router;
}

const spanOf = ({ from, until }: { from: string; until: string }) => ({ from: new Date(from), until: new Date(until) });

function cursorOf(text: string): DayCursor {
  const [createdAt = '', id = ''] = text.split('~');
  return { createdAt: new Date(createdAt), id };
}

const shown = ({ id, kind, sourceId, transactionId, gainedMinor, createdAt }: DayPosting) => ({
  id,
  kind,
  source_id: sourceId,
  transaction_id: transactionId,
  gained_minor: gainedMinor.toString(),
  created_at: createdAt.toISOString(),
});
