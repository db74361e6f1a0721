import { acquireLease, type Database, type Replica, type Sql } from '#libs/db';
import { DependencyDown } from '#libs/messaging';
import type { Currency } from '#libs/money';
import type { LoopDefinition } from '#libs/runtime';
import { problem } from '../problems.ts';
import type { TimelineEntry, Transaction } from '../transaction/transaction.ts';
import { unsealedTransaction } from '../transaction/transaction-store.postgres.ts';
import type { Filters } from './filters.ts';
import { countStatement, type Slice, type Statement, sliceStatement, sumsStatement } from './history-sql.ts';
import { isIdBeginning } from './read-query.ts';
import { addMoved, type Moved, type Totals } from './summary.ts';
import type { WebhookEvent } from './webhook-event-store.ts';

/** What is read of the past in one snapshot: page, count and sums agree with each other. */
export interface HistoryTx {
  /** The ids that a search means, at most so many; no filter but the owner's. */
  find(search: string, userId: string | null): Promise<string[]>;
  slice(slice: Slice): Promise<Transaction[]>;
  count(filters: Filters, ids: readonly string[] | null, max: number | null): Promise<number>;
  sums(filters: Filters, ids: readonly string[] | null): Promise<Map<Currency, Totals>>;
  transaction(id: string): Promise<Transaction | undefined>;
  timeline(id: string): Promise<TimelineEntry[]>;
  /** Oldest first. */
  reversalsOf(id: string): Promise<Transaction[]>;
  webhookEvents(id: string): Promise<WebhookEvent[]>;
  payouts(id: string): Promise<PayoutRow[]>;
}

export interface PayoutRow {
  payoutId: string;
  createdOn: Date;
  deadAt: Date | null;
}

/** Reads that are over by then, or are refused: a list that nobody waits for must not keep the disks busy. */
type Snapshot = <R>(work: (tx: HistoryTx) => Promise<R>, options: SnapshotOptions) => Promise<R>;

interface SnapshotOptions {
  statementMsMax: number;
  /** For work that cannot be run again, because somebody has been told a part of it. */
  once?: boolean;
}

export type History = { snapshot: Snapshot };

/** A search that means more than this says too little. */
const foundMax = 1_000;
/** Revio sends a handful of events for an object, and again when we were away. */
const webhookEventsMax = 200;
const reversalsMax = 100;

export const postgresHistory = (db: Pick<Database, 'transact'>): History => historyOver(db);

/**
 * The same from a replica. Whatever its way there (a streaming standby, a managed copy, PgBouncer before several), it is as old as the
 * heartbeat that it has: one whose heartbeat has run out is refused like one that is down, instead of showing the past as the present.
 */
export const replicaHistory = (replica: Replica): History =>
  historyOver(replica, async (sql) => {
    const [heartbeat] = await sql.rows<{ beats: boolean }>(
      'SELECT expires_at > clock_timestamp() AS beats FROM leases WHERE name = $1',
      [heartbeatName],
    );
    if (heartbeat?.beats !== true) throw new DependencyDown('the replica of the history is too far behind');
  });

const heartbeatName = 'history-heartbeat';
/** A beat that is late, or lost with the process that was about to send it, is not yet a silence. */
const beatsPerLag = 5;

/** A lease that every replica of the service may renew: on a copy of the database it runs out when the copy is `lagMsMax` old. */
export function heartbeatLoop(db: Pick<Database, 'read'>, lagMsMax: number): LoopDefinition {
  const runOnce = async (): Promise<number> => {
    await acquireLease(db.read, heartbeatName, 'payments', lagMsMax);
    return 0;
  };
  return { name: heartbeatName, intervalMs: Math.floor(lagMsMax / beatsPerLag), runOnce };
}

const historyOver = (db: Pick<Database, 'transact'>, check?: (sql: Sql) => Promise<void>): History => ({
  snapshot: async (work, { statementMsMax, once = false }) => {
    try {
      return await db.transact(
        async (sql) => {
          await sql.rows(
            `SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', $1, true)`,
            [String(statementMsMax)],
          );
          await check?.(sql);
          return work(historyTx(sql));
        },
        { isolation: 'repeatable read', ...(once && { attemptsMax: 1 }) },
      );
    } catch (error) {
      throw wasCancelled(error) ? problem('query_too_broad') : error;
    }
  },
});

/** PostgreSQL's word for a statement that reached its timeout. */
const wasCancelled = (error: unknown): boolean => (error as { code?: unknown }).code === '57014';

function historyTx(sql: Sql): HistoryTx {
  const run = <Row>({ text, values }: Statement) => sql.rows<Row>(text, values, { planned: 'each time' });
  const selected = unsealedTransaction;
  return {
    find: async (search, userId) => {
      const rows = await run<{ id: string }>(searchStatement(search, userId));
      return rows.map(({ id }) => id);
    },
    slice: (slice) => run<Transaction>(sliceStatement(selected, slice)),
    count: async (filters, ids, max) => {
      const [row] = await run<{ count: bigint }>(countStatement(filters, ids, max));
      return Number(row?.count ?? 0n);
    },
    sums: async (filters, ids) => {
      const totals = new Map<Currency, Totals>();
      for (const row of await run<Omit<Moved, 'amountMinor'> & { sum: string }>(sumsStatement(filters, ids))) {
        addMoved(totals, { ...row, amountMinor: BigInt(row.sum) });
      }
      return totals;
    },
    transaction: async (id) =>
      (await sql.rows<Transaction>(`SELECT ${selected} FROM transactions WHERE id = $1`, [id]))[0],
    timeline: (id) =>
      sql.rows<TimelineEntry>('SELECT status, reason, at FROM timeline WHERE transaction_id = $1 ORDER BY id', [id]),
    reversalsOf: (id) =>
      sql.rows<Transaction>(
        `SELECT ${selected} FROM transactions WHERE reversal_of = $1 ORDER BY created_at, id LIMIT ${reversalsMax}`,
        [id],
      ),
    webhookEvents: (id) =>
      sql.rows<WebhookEvent>(
        `SELECT delivery_id AS "deliveryId", transaction_id AS "transactionId", event_type AS "eventType",
           received_at AS "receivedAt", outcome, reason, told_at AS "toldAt"
         FROM webhook_events WHERE transaction_id = $1 ORDER BY received_at, delivery_id LIMIT ${webhookEventsMax}`,
        [id],
      ),
    payouts: (id) =>
      sql.rows<PayoutRow>(
        `SELECT payout_id AS "payoutId", created_on AS "createdOn", dead_at AS "deadAt"
         FROM payouts WHERE transaction_id = $1 ORDER BY created_on LIMIT ${reversalsMax}`,
        [id],
      ),
  };
}

/**
 * What people have in hand when they look for a transaction: its id or the beginning of it, the id that Revio's receipt or bank statement
 * shows, the Idempotency-Key it was made with, or the id of the transaction that it turns back. Each is one look into an index.
 */
function searchStatement(search: string, userId: string | null): Statement {
  const owned = userId === null ? '' : ' AND user_id = $2';
  const branches = [
    `SELECT id FROM transactions WHERE id = $1${owned}`,
    `SELECT id FROM transactions WHERE purchase_id = $1${owned}`,
    `SELECT id FROM transactions WHERE source_id = $1${owned}`,
    `SELECT id FROM transactions WHERE reversal_of = $1${owned}`,
    `SELECT t.id FROM payouts p JOIN transactions t ON t.id = p.transaction_id WHERE p.payout_id = $1${owned}`,
    // Keys are unique per user only, and found by their user first.
    ...(userId === null ? [] : ['SELECT transaction_id FROM idempotency_keys WHERE user_id = $2 AND key = $1']),
    // A range of the primary key, because the bytes of ids are in the order of their text.
    ...(isIdBeginning(search)
      ? [`SELECT id FROM (SELECT id FROM transactions WHERE id ^@ $1${owned} LIMIT ${foundMax}) AS beginning`]
      : []),
  ];
  return { text: branches.join(' UNION '), values: userId === null ? [search] : [search, userId] };
}
