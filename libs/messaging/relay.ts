import { events, eventTypes } from '#libs/contracts';
import { type Database, over, type Sql, type Transact } from '#libs/db';
import { type Logger, startLoop } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { Broker } from './broker.ts';
import { type Publish, publisherOn } from './publisher.ts';

export interface RelayOptions {
  db: Pick<Database, 'transact' | 'read'>;
  broker: Broker;
  metrics: Metrics;
  logger: Logger;
  /** 100–500 messages with one wait for confirms go out at 8 500–21 900/s, one by one at 676/s, measured; more than 500 make none cheaper. */
  batchMax?: number;
  /** The answer to a lost wake-up and to what other replicas left; the in-process wake-up makes it seldom needed. */
  intervalMs?: number;
}

export interface Relay {
  /** Call it after a transaction that enqueued something. */
  wake(): void;
  stop(): Promise<void>;
}

const BATCH_MAX = 500;
const INTERVAL_MS = 500;
/**
 * Of a second batch, which is only woken by a full first one and goes out beside it: while the one is read and marked, the broker confirms
 * the other. More would hold more of the pool's connections for as long as a broker does not answer.
 */
const UNWOKEN_MS = 60_000;
/** Less than the database lets a transaction idle (30 s), far more than a healthy broker needs for 500 messages (50 ms). */
const CONFIRM_TIMEOUT_MS = 10_000;
/** What no queue wanted waits this long: at the head of every batch, many of them would let nothing else through. */
const RETRY_MS = 5_000;

export interface OutboxRow {
  id: bigint;
  message_id: string;
  type: string;
  envelope: string;
  traceparent: string | null;
  /** Since the begin of the transaction that told it. */
  waited_s: number;
}

/** What a relay does to the outbox, in one transaction. */
export interface OutboxTx {
  /** Oldest first, and none that another relay has taken and not let go of. */
  takeUnpublished(limit: number): Promise<OutboxRow[]>;
  markPublished(ids: bigint[]): Promise<void>;
  /** Not to be taken again for `ms`. */
  postpone(ids: bigint[], ms: number): Promise<void>;
}

/** Publishes what the transactions of this service have enqueued. Any number of replicas may run. */
export function startRelay(options: RelayOptions): Relay {
  const { db, broker, logger, batchMax = BATCH_MAX, intervalMs = INTERVAL_MS } = options;
  const count = relayMetrics(options.metrics, db.read);
  const transact = over(db, postgresOutbox);
  const channel = broker.keepChannel<Publish>({
    name: 'relay',
    open: async (opened) => publisherOn(opened),
    opened: () => loop.wake(),
  });

  /** What is left after a batch that was not full was told meanwhile, and whoever told it wakes us: to look for it costs a look each time. */
  async function runBatch(isFull?: () => void): Promise<number> {
    const publish = channel.session();
    if (publish === undefined || !broker.available()) return 0;
    const sent = await relayBatch({ transact, exchange: broker.names.exchange, publish, batchMax, isFull });
    for (const seconds of sent.lagS) count.lag.observe(seconds);
    if (sent.timedOut) channel.reset();
    if (sent.returned + sent.failed > 0)
      logger.warn({ ...sent, lagS: undefined }, 'messages were not taken and stay in the outbox');
    count.published.inc(sent.published);
    count.returned.inc(sent.returned);
    count.failed.inc(sent.failed);
    return sent.published + sent.returned + sent.failed < batchMax ? 0 : sent.published;
  }

  const second = startLoop({ name: 'outbox-relay-2', intervalMs: UNWOKEN_MS, runOnce: () => runBatch(), logger });
  const loop = startLoop({
    name: 'outbox-relay',
    intervalMs,
    runOnce: () => runBatch(() => second.wake()),
    logger,
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await Promise.all([loop.stop(), second.stop()]);
      await channel.stop();
    },
  };
}

/** `returned`: no queue wanted it. `failed`: refused by the broker, its channel lost, or not confirmed in time. */
interface Sent {
  published: number;
  returned: number;
  failed: number;
  timedOut: boolean;
  /** Of each that was published: from its transaction's begin to the last confirm of its batch. */
  lagS: number[];
}

/**
 * Publishes one batch and marks what was confirmed. SKIP LOCKED lets replicas share the work. No "id greater than the last one": ids
 * are given before commit, so that a lower one may appear after a higher one was sent, and would never be.
 *
 * The row locks are kept while the broker is waited for, which a money transaction may never do. Here it saves a second write per row
 * (a claim, and its expiry when a relay dies), it blocks nobody but other relays, and it is bounded by the timeout for confirms. A
 * relay that dies between confirm and mark sends its batch again: the inbox drops duplicates.
 */
export async function relayBatch(deps: {
  transact: Transact<OutboxTx>;
  exchange: string;
  publish: Publish;
  batchMax: number;
  /** Told as soon as a whole batch is taken: there may be more, and another relay need not wait for this one's confirms. */
  isFull?: (() => void) | undefined;
  confirmTimeoutMs?: number;
}): Promise<Sent> {
  const { transact, exchange, publish, batchMax, isFull, confirmTimeoutMs = CONFIRM_TIMEOUT_MS } = deps;
  return transact(async (tx) => {
    const rows = await tx.takeUnpublished(batchMax);
    const takenAtMs = performance.now();
    if (rows.length === batchMax) isFull?.();
    const outcomes = new Map<bigint, boolean>();
    const attempts = rows.map(async (row) => {
      const routed = await publish(publicationOf(row, exchange));
      outcomes.set(row.id, routed);
    });
    const timedOut = await settledWithin(attempts, confirmTimeoutMs);
    const published = rows.filter(({ id }) => outcomes.get(id) === true);
    const returned = rows.filter(({ id }) => outcomes.get(id) === false).map(({ id }) => id);
    const confirmedAfterS = (performance.now() - takenAtMs) / 1000;
    const lagS = published.map(({ waited_s }) => waited_s + confirmedAfterS);
    if (published.length > 0) await tx.markPublished(published.map(({ id }) => id));
    if (returned.length > 0) await tx.postpone(returned, RETRY_MS);
    const failed = rows.length - published.length - returned.length;
    return { published: published.length, returned: returned.length, failed, timedOut, lagS };
  });
}

/** Told to nobody yet: without a queue to go to, they would otherwise stay in the outbox for ever. */
const unheard: ReadonlySet<string> = new Set(eventTypes.filter((type) => events[type].listeners.length === 0));

const publicationOf = (row: OutboxRow, exchange: string) => ({
  exchange,
  routingKey: row.type,
  content: Buffer.from(row.envelope),
  messageId: row.message_id,
  options: {
    mandatory: !unheard.has(row.type),
    type: row.type,
    contentType: 'application/cloudevents+json',
    ...(row.traceparent === null ? {} : { headers: { traceparent: row.traceparent } }),
  },
});

export const postgresOutbox = (sql: Sql): OutboxTx => ({
  takeUnpublished: (limit) =>
    sql.rows<OutboxRow>(
      `SELECT id, message_id, type, envelope::text AS envelope, traceparent,
         extract(epoch FROM clock_timestamp() - created_at)::float8 AS waited_s
       FROM outbox
       WHERE published_at IS NULL AND retry_at <= now()
       ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [limit],
    ),
  markPublished: async (ids) => {
    await sql.run('UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1::bigint[])', [ids]);
  },
  postpone: async (ids, ms) => {
    await sql.run(
      `UPDATE outbox SET retry_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE id = ANY($1::bigint[])`,
      [ids, ms],
    );
  },
});

/** Whether the time was over before all of them had ended, well or badly. */
async function settledWithin(attempts: Promise<void>[], timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), timeoutMs);
  });
  const settled = Promise.allSettled(attempts).then(() => false);
  const timedOut = await Promise.race([settled, late]);
  clearTimeout(timer);
  return timedOut;
}

function relayMetrics(metrics: Metrics, read: Sql) {
  metrics.gauge({
    name: 'outbox_pending',
    help: 'Messages that wait to be published',
    collect: async (gauge) => {
      const [row] = await read.rows<{ n: number }>('SELECT count(*)::int AS n FROM outbox WHERE published_at IS NULL');
      gauge.set(row?.n ?? 0);
    },
  });
  metrics.gauge({
    name: 'outbox_oldest_age_seconds',
    help: 'How long the oldest unpublished message has waited; 0 when there is none',
    collect: async (gauge) => {
      const [row] = await read.rows<{ age: number }>(
        `SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
         FROM outbox WHERE published_at IS NULL`,
      );
      gauge.set(row?.age ?? 0);
    },
  });
  return {
    published: metrics.counter({
      name: 'outbox_published_total',
      help: 'Messages confirmed by the broker',
      zero: [{}],
    }),
    returned: metrics.counter({ name: 'outbox_returned_total', help: 'Messages that no queue wanted', zero: [{}] }),
    lag: metrics.histogram({
      name: 'outbox_publish_lag_seconds',
      help: 'From the begin of the transaction that told a message to its confirmation by the broker',
      zero: [{}],
    }),
    failed: metrics.counter({
      name: 'outbox_failed_total',
      help: 'Messages that were refused, or not confirmed in time, and will be sent again',
      zero: [{}],
    }),
  };
}
