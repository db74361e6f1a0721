import type { FedPosting } from '#libs/contracts';
import type { Sql, Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Postings } from './ask-wallet.ts';
import { bothSides, evidenceOf } from './both-sides.ts';
import {
  doubt,
  keepCursor,
  movementsHeldBackSince,
  pageMovements,
  readCursor,
  type Source,
} from './conservation-store.ts';

export type FeedDeps = {
  /** Its own transactions, at READ COMMITTED: what a page says is compared again before anything follows from it. */
  sql: { read: Sql; transact: Transact<Sql> };
  postings: Postings;
  clock: Pick<Clock, 'now'>;
  /** Longer than any normal flow takes from Revio's word to its posting. What is younger is not read yet. */
  flowMaxMs: number;
  compared: (feed: Feed, count: number) => void;
};

export type Feed = 'postings' | 'movements';

/** A page of either feed: what it holds that wants a partner, and where it ends. */
type Page = { sources: Source[]; cursor: string | null; isLast: boolean };

/** A few milliseconds of either database each. */
const pageMax = 200;
/** 10 000 of each feed in one run; then others of this loop have their turn. */
const pagesMax = 50;

/**
 * The first read (I9): pages what is old enough of both feeds, from where the last run ended, and notes what has no equal partner, to be
 * read a second time later. Whether the ends of both were reached. A page and its cursor are one transaction; a crash reads it again.
 */
export async function readFeeds(deps: FeedDeps, signal?: AbortSignal): Promise<boolean> {
  const ends = [
    await drain(deps, 'postings', nextPostings, signal),
    await drain(deps, 'movements', nextMovements, signal),
  ];
  return ends.every(Boolean);
}

async function drain(
  deps: FeedDeps,
  feed: Feed,
  next: (deps: FeedDeps, after: string | null) => Promise<Page>,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let pages = 0; pages < pagesMax && signal?.aborted !== true; pages++) {
    const { sources, cursor, isLast } = await next(deps, await readCursor(deps.sql.read, feed));
    if (cursor !== null) await comparePage(deps, feed, sources, cursor);
    if (isLast) return true;
  }
  return false;
}

async function comparePage(
  { sql, postings, clock, flowMaxMs, compared }: FeedDeps,
  feed: Feed,
  sources: readonly Source[],
  cursor: string,
) {
  const pairs = await bothSides(sql.read, postings, sources);
  const now = clock.now();
  const lookAt = new Date(now.getTime() + flowMaxMs);
  await sql.transact(async (tx) => {
    for (const pair of pairs) if (pair.difference !== null) await doubt(tx, pair.source, evidenceOf(pair), now, lookAt);
    await keepCursor(tx, feed, cursor);
  });
  compared(feed, sources.length);
}

async function nextPostings({ postings, ...deps }: FeedDeps, after: string | null): Promise<Page> {
  const { postings: page, next, heldBackSince } = await postings.page(after, pageMax);
  requireInTime(deps, heldBackSince);
  const young = page.findIndex((posting) => isYoung(deps, new Date(posting.created_at)));
  if (young < 0)
    return { sources: page.flatMap(sourceOf), cursor: page.length === 0 ? null : next, isLast: page.length < pageMax };
  // A cursor ends a page, and not any of its rows: so the old ones before the first young one are read as a page of their own.
  if (young === 0) return { sources: [], cursor: null, isLast: true };
  const old = await postings.page(after, young);
  return { sources: old.postings.flatMap(sourceOf), cursor: old.next, isLast: true };
}

/** Holds move nothing across the wallet's border. */
const sourceOf = ({ kind, source_id: sourceId }: FedPosting): Source[] => (kind === 'hold' ? [] : [{ kind, sourceId }]);

async function nextMovements(deps: FeedDeps, after: string | null): Promise<Page> {
  requireInTime(deps, await movementsHeldBackSince(deps.sql.read));
  const page = await pageMovements(deps.sql.read, after, pageMax);
  const young = page.findIndex(({ notedAt }) => isYoung(deps, notedAt));
  const old = young < 0 ? page : page.slice(0, young);
  const sources = old.map(({ kind, objectId, transactionId }) => ({
    kind,
    sourceId: kind === 'settlement' ? (transactionId ?? objectId) : objectId,
  }));
  return { sources, cursor: old.at(-1)?.cursor ?? null, isLast: old.length < pageMax };
}

/** What is old enough and hidden all the same is not compared: that must be seen as a failure, and not as the end of the feed. */
function requireInTime(deps: Pick<FeedDeps, 'clock' | 'flowMaxMs'>, heldBackSince: Date | null): void {
  if (heldBackSince !== null && !isYoung(deps, heldBackSince))
    throw new Error(
      `a feed is held back since ${heldBackSince.toISOString()}: a transaction of its server has not ended since`,
    );
}

/** A time far ahead of ours is no reason to wait for it: somebody has made it up, or a clock is wrong. */
function isYoung({ clock, flowMaxMs }: Pick<FeedDeps, 'clock' | 'flowMaxMs'>, at: Date): boolean {
  const ageMs = clock.now().getTime() - at.getTime();
  return ageMs < flowMaxMs && ageMs > -flowMaxMs;
}
