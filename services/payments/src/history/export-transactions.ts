import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { z } from 'zod';
import type { Currency } from '#libs/money';
import type { Clock, Logger } from '#libs/runtime';
import { problem } from '../problems.ts';
import { type Position, positionIn } from './cursor.ts';
import { csvOf } from './export-csv.ts';
import { jsonOf } from './export-json.ts';
import { type ExportRow, type ExportSource, exportRowOf } from './export-rows.ts';
import { xlsxOf } from './export-xlsx.ts';
import type { Filters, Order } from './filters.ts';
import type { History, HistoryTx } from './history-store.ts';
import type { exportQuery } from './read-query.ts';
import { addMoved, summaryOf, type Totals } from './summary.ts';

export interface ExportDeps {
  /** May be a replica's. */
  history: History;
  clock: Clock;
  logger: Logger;
  exportSlots: ExportSlots;
}

/**
 * How many exports run at once: a place, given back by calling it; undefined when all are taken, or the user has one already. And how
 * long a client may take nothing.
 */
export interface ExportSlots {
  take(userId: string): (() => void) | undefined;
  stallMs: number;
}

/** Each holds one database connection of a pool of ten for as long as it takes; payments need the others. */
const exportsMax = 3;
/** A phone in a lift comes back within it; who is gone for longer asks again. */
const stallMsMax = 30_000;

export function createExportSlots(max: number = exportsMax, stallMs: number = stallMsMax): ExportSlots {
  // A client that takes a byte now and then has its place for ten minutes: one person must not have them all.
  const taken = new Set<string>();
  return {
    stallMs,
    take: (userId) => {
      if (taken.size >= max || taken.has(userId)) return undefined;
      taken.add(userId);
      return () => void taken.delete(userId);
    },
  };
}

/** Some 250 kB: large enough that round trips do not count, small enough that three exports do not either. */
const batchRows = 1_000;
/** A million rows take a minute or two; a snapshot that is kept open keeps PostgreSQL from cleaning up behind it. */
const exportMsMax = 600_000;
const statementMsMax = 10_000;

const formats = {
  csv: { type: 'text/csv; charset=utf-8; header=present', write: csvOf },
  xlsx: { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', write: xlsxOf },
  json: { type: 'application/json; charset=utf-8', write: jsonOf },
} as const satisfies Record<string, { type: string; write: (source: ExportSource) => AsyncIterable<string | Buffer> }>;

/**
 * Streams the user's transactions in constant memory: batch after batch by the sort key out of one REPEATABLE READ snapshot, the next
 * one only when the client has taken the last. This is the one transaction that waits for a client. It reads, so it locks
 * nobody out; a client that takes nothing for 30 s ends it, and the deadline ends it anyhow. A file that
 * is cut short is seen to be: the connection breaks off, and the sums at the end are missing.
 * Throws `overloaded` when too many run, or one of the same user, and `query_too_broad` before the first byte.
 */
export async function exportOwn(
  deps: ExportDeps,
  userId: string,
  query: z.output<typeof exportQuery>,
  response: Response,
): Promise<void> {
  const release = deps.exportSlots.take(userId);
  if (release === undefined) throw problem('overloaded', { headers: { 'retry-after': '30' } });
  try {
    const filters: Filters = { ...query.filters, userId };
    const deadline = AbortSignal.timeout(exportMsMax);
    await deps.history.snapshot(
      async (tx) => {
        const source = await sourceOf(tx, filters, query.order);
        const { type, write } = formats[query.format];
        const day = deps.clock.now().toISOString().slice(0, 10);
        response.status(200).set({
          'content-type': type,
          'content-disposition': `attachment; filename="transactions-${day}.${query.format}"`,
        });
        response.setTimeout(deps.exportSlots.stallMs, () => response.destroy());
        await pipeline(Readable.from(write(source), { objectMode: false }), response, { signal: deadline });
      },
      { statementMsMax, once: true },
    );
  } catch (err) {
    if (!response.headersSent) throw err;
    // The client went away, was too slow, or we failed: the answer is broken off already, and nobody is left to tell.
    deps.logger.warn({ err }, 'an export was broken off');
    response.destroy();
  } finally {
    release();
  }
}

async function sourceOf(tx: HistoryTx, filters: Filters, order: Order) {
  const ids = filters.search === null ? null : await tx.find(filters.search, filters.userId);
  const count = await tx.count(filters, ids, null);
  const totals = new Map<Currency, Totals>();
  let written = 0;

  async function* batches(): AsyncGenerator<ExportRow[]> {
    for (let after: Position | null = null; ; ) {
      const rows = await tx.slice({ filters, ids, order, limit: batchRows, after, offset: 0 });
      for (const row of rows) if (row.status === 'completed') addMoved(totals, row);
      written += rows.length;
      if (rows.length > 0) yield rows.map(exportRowOf);
      const last = rows.at(-1);
      if (last === undefined || rows.length < batchRows) break;
      after = positionIn(last, order);
    }
    // One snapshot: another number means that rows were passed over or read twice, and such a file must not look whole.
    if (written !== count) throw new Error(`an export wrote ${written} of ${count} transactions`);
  }
  return { batches: batches(), count, summary: () => summaryOf(totals) } satisfies ExportSource;
}
