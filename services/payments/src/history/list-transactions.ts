import { problem } from '../problems.ts';
import { resourceOf } from '../transaction/resource.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { type Position, positionIn, readCursor, writeCursor } from './cursor.ts';
import { type Filters, hashOf } from './filters.ts';
import type { History, HistoryTx } from './history-store.ts';
import { type ListQuery, pagedRowsMax } from './read-query.ts';
import { summaryOf } from './summary.ts';

export interface ListDeps {
  /** May be a replica's. */
  history: History;
  /** Signs cursors. */
  cursorKey: Buffer;
}

/** A page takes milliseconds; sums over a million rows of one user a quarter of a second. What takes this long scans what no index answers. */
const statementMsMax = 4_000;

/** A page of the user's own transactions. Throws `cursor_invalid`, and `query_too_broad` past the deadline. */
export const listOwn = (deps: ListDeps, userId: string, query: ListQuery) =>
  list(deps, { ...query, filters: { ...query.filters, userId } }, resourceOf);

/** A page across users, or of the one that the query names; says whose each is. */
export const listAll = (deps: ListDeps, query: ListQuery) =>
  list(deps, query, (transaction) => ({ user_id: transaction.userId, ...resourceOf(transaction) }));

function list<Resource>(deps: ListDeps, query: ListQuery, show: (transaction: Transaction) => Resource) {
  const { filters, order, perPage, at } = query;
  const listHash = hashOf(filters, order);
  const after = 'cursor' in at ? positionOf(deps.cursorKey, listHash, at.cursor) : null;
  return deps.history.snapshot(
    async (tx) => {
      const ids = filters.search === null ? null : await tx.find(filters.search, filters.userId);
      const offset = 'page' in at ? (at.page - 1) * perPage : 0;
      const found = await tx.slice({ filters, ids, order, limit: perPage + 1, after, offset });
      const rows = found.slice(0, perPage);
      const last = rows.at(-1);
      return {
        data: rows.map(show),
        pagination: {
          per_page: perPage,
          next_cursor:
            last === undefined || found.length <= perPage
              ? null
              : writeCursor(deps.cursorKey, listHash, positionIn(last, order)),
          ...('page' in at ? await numbered(tx, filters, ids, { page: at.page, perPage }) : {}),
        },
        ...(wantsSummary(query) ? { summary: summaryOf(await tx.sums(filters, ids)) } : {}),
      };
    },
    { statementMsMax },
  );
}

function positionOf(cursorKey: Buffer, listHash: string, cursor: string): Position {
  const read = readCursor(cursorKey, listHash, cursor);
  if (read.ok) return read.at;
  const detail = {
    forged: 'It is none that a page gave as next_cursor, or older than the key that signs them',
    other_list: 'It belongs to a list with other filters or another order; send the same ones, or begin without it',
  }[read.refusal];
  throw problem('cursor_invalid', { detail, errors: [{ pointer: '/cursor', code: read.refusal, detail }] });
}

/** Totals for the numbers under a list. Counting ends where the numbers do: beyond, `total` is "at least". */
async function numbered(
  tx: HistoryTx,
  filters: Filters,
  ids: readonly string[] | null,
  { page, perPage }: { page: number; perPage: number },
) {
  const counted = await tx.count(filters, ids, pagedRowsMax + 1);
  const total = Math.min(counted, pagedRowsMax);
  return { page, total, total_is_exact: counted <= pagedRowsMax, total_pages: Math.ceil(total / perPage) };
}

/** With the first pages of one user's history; pages behind a cursor are of the same list, and sums across users read too much to come unasked. */
const wantsSummary = ({ summary, at, filters }: ListQuery): boolean =>
  summary ?? ('page' in at && (filters.userId !== null || filters.search !== null));
