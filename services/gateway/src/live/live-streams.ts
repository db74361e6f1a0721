import type { Response } from 'express';
import type { UserActor } from '#libs/auth';
import type { TimelineAnswer } from '#libs/contracts';
import { Problem } from '#libs/http';
import type { Clock, Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { beginEventStream, type EventStream } from './event-stream.ts';
import { createGate } from './gate.ts';

/** After a lost broker is back all streams look at once; more reads than this at a time would stand in the way of other requests. */
const readsMax = 16;
/** Timers hold 31 bits; no token lives nearly as long. */
const timerMsMax = 2 ** 31 - 1;
/** Over how long the readers of a stopping replica come back to the others. */
const spreadMs = 3_000;

const ends = ['ended', 'token_expired', 'restarting', 'gone'] as const;
type End = (typeof ends)[number];

export interface LiveStreamsOptions {
  /** The truth: what happened after an entry. Undefined if there is no such transaction of the user. */
  read(wanted: { user: UserActor; transactionId: string; after: string }): Promise<TimelineAnswer | undefined>;
  /** Whether wake-ups arrive at the moment. */
  isWoken(): boolean;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  streamsPerUserMax: number;
  streamsMax: number;
  heartbeatMs: number;
  /** How often a stream looks by itself while it is woken, and while it is not. */
  pollMs: number;
  pollUnwokenMs: number;
}

interface StreamRequest {
  user: UserActor;
  expiresAt: Date;
  transactionId: string;
  /** The number of the last entry that the reader has; `0` for none. */
  after: string;
}

interface Open extends StreamRequest {
  stream: EventStream;
  response: Response;
  /** Woken since it last began to read. */
  wanted: boolean;
  endRest: () => void;
}

export interface LiveStreams {
  /** Answers with the stream, and resolves when it has begun. Throws the problems of a request that gets none. */
  open(request: StreamRequest, response: Response): Promise<void>;
  /** Something happened to this transaction. */
  wake(transactionId: string): void;
  /** Anything may have happened. */
  wakeAll(): void;
  /** Ends all, and begins no more. */
  stop(): void;
}

/**
 * Live status of transactions (T5). A stream says nothing of its own: it reads the timeline after the last entry that it sent, whenever it
 * is woken and now and then by itself. So nothing is lost and nothing comes twice, whichever replica a reader comes back to.
 */
export function liveStreams(options: LiveStreamsOptions): LiveStreams {
  const { read, isWoken, clock, logger, metrics } = options;
  const open = new Set<Open>();
  const gate = createGate(readsMax);
  let isStopping = false;

  metrics.gauge({
    name: 'live_streams_open',
    help: 'Live status streams that are open',
    collect: (g) => g.set(open.size),
  });
  const ended = metrics.counter({
    name: 'live_streams_ended_total',
    help: 'Live status streams by how they ended; gone is a reader who left, or was too slow',
    labels: ['reason'],
    zero: ends.map((reason) => ({ reason })),
  });

  const heartbeat = setInterval(() => {
    for (const { stream } of open) stream.beat();
  }, options.heartbeatMs);
  heartbeat.unref();

  function end(one: Open, reason: Exclude<End, 'gone'>): void {
    if (!forget(one)) return;
    ended.inc({ reason });
    const retryMs = reason === 'restarting' ? Math.round(Math.random() * spreadMs) : undefined;
    one.stream.end({ name: 'end', data: { reason } }, retryMs);
  }
  const forget = (one: Open): boolean => {
    one.endRest();
    return open.delete(one);
  };

  /** A little sooner or later each time, so that streams that began together do not look together for ever. */
  const restMs = (): number => (isWoken() ? options.pollMs : options.pollUnwokenMs) * (0.8 + Math.random() * 0.4);
  const rest = (one: Open): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => one.endRest(), restMs());
      timer.unref();
      one.endRest = () => {
        clearTimeout(timer);
        one.endRest = () => undefined;
        resolve();
      };
    });

  function tell(one: Open, { data }: TimelineAnswer): void {
    for (const { id, ...entry } of data) {
      one.stream.send({ id, name: 'status', data: { transaction_id: one.transactionId, ...entry } });
      one.after = id;
    }
  }

  async function follow(one: Open, first: TimelineAnswer): Promise<void> {
    let page: TimelineAnswer | undefined = first;
    while (open.has(one)) {
      if (page !== undefined) {
        tell(one, page);
        // Entries may wait behind a full page; without any the page was the last.
        if (page.ended && page.data.length === 0) return end(one, 'ended');
      }
      const hasMore: boolean = page !== undefined && page.data.length > 0;
      if (!one.wanted && !hasMore) await rest(one);
      if (!open.has(one)) return;
      one.wanted = false;
      // Payments cannot be asked: the reader waits, and the next look finds it all.
      page = await gate(() => read(one)).catch((err: unknown) => {
        logger.warn({ err }, 'a live stream could not read its timeline');
        return undefined;
      });
    }
  }

  function requirePlace({ user }: StreamRequest): void {
    const isFull = open.size >= options.streamsMax;
    const ofUser = [...open].filter((one) => one.user.userId === user.userId).length;
    if (isStopping) throw new Problem('service_unavailable', { headers: { 'retry-after': '2' } });
    if (!isFull && ofUser < options.streamsPerUserMax) return;
    throw new Problem('too_many_streams', { headers: { 'retry-after': '10' } });
  }

  async function begin(request: StreamRequest, response: Response): Promise<void> {
    const first = await read(request);
    if (first === undefined) throw new Problem('transaction_not_found');
    // The status that tells an EventSource not to come back.
    if (first.ended && first.data.length === 0) return void response.status(204).end();
    if (response.req.method === 'HEAD') return void response.status(200).type('text/event-stream').end();
    requirePlace(request); // others may have come during the read
    // Left during the read: nothing would tell us so again, and the place would be taken until the token ends.
    if (response.destroyed) return;

    const stream = beginEventStream(response);
    const one: Open = { ...request, stream, response, wanted: false, endRest: () => undefined };
    open.add(one);
    const leftMs = Math.max(0, request.expiresAt.getTime() - clock.now().getTime());
    const expiry = setTimeout(() => end(one, 'token_expired'), Math.min(leftMs, timerMsMax));
    response.once('close', () => {
      clearTimeout(expiry);
      if (forget(one)) ended.inc({ reason: 'gone' });
    });
    void follow(one, first).catch((err: unknown) => {
      logger.error({ err }, 'a live stream broke');
      response.destroy();
    });
  }

  return {
    open: async (request, response) => {
      requirePlace(request);
      await begin(request, response);
    },
    wake: (transactionId) => {
      for (const one of open) if (one.transactionId === transactionId) wakeOne(one);
    },
    wakeAll: () => {
      for (const one of open) wakeOne(one);
    },
    stop: () => {
      isStopping = true;
      clearInterval(heartbeat);
      for (const one of open) end(one, 'restarting');
    },
  };
}

function wakeOne(one: Open): void {
  one.wanted = true;
  one.endRest();
}
