import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { ContractError, type Envelope, type EventType, parseEnvelope, type ServiceName } from '#libs/contracts';
import { isStatementTimeout, isUnavailable } from '#libs/db';
import {
  continueTrace,
  currentContext,
  type Logger,
  newUuid,
  Overloaded,
  runInContext,
  startSpan,
} from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { type Claims, watchClaims } from './claims.ts';
import type { Publish } from './publisher.ts';
import type { Names } from './topology.ts';

/** An event, and which try this is, from 1. A duplicate or a replay begins at 1 again. */
export type Received<T extends EventType = EventType> = Envelope<T> & { attempt: number };

/** Each runs a transaction of its own and calls `claimMessage(event.id)` first in it. */
export type Handlers = { [T in EventType]?: (event: Received<T>) => Promise<void> };

/** For handlers: something that the work needs is down or has too much to do, which is not the message's fault. It is kept, and tried again. */
export class DependencyDown extends Error {
  override readonly name = 'DependencyDown';
}

/** Told after a try that failed and will be repeated. Best effort: if it fails, or we die before it, the retry comes all the same. */
export type Retried = (event: Received, reason: string) => Promise<void>;

/** A channel and what is published on it. `over` when it is gone, or we stop: its unanswered messages are delivered again. */
export interface Session {
  channel: ConfirmChannel;
  publish: Publish;
  over: AbortSignal;
}

interface ReceiverOptions {
  service: ServiceName;
  names: Names;
  handlers: Handlers;
  delaysMs: readonly [number, number, number];
  logger: Logger;
  metrics: Metrics;
  retried?: Retried;
  /** How long a message is kept in hand for a dependency that is down. */
  patienceMs?: number;
}

/** What became of a delivery; `duplicate`: the inbox knew it; `given_back`: nobody decided, and it goes back to its queue. */
type Outcome = 'processed' | 'duplicate' | 'delayed' | 'dead' | 'given_back';
const outcomes: readonly Outcome[] = ['processed', 'duplicate', 'delayed', 'dead', 'given_back'];

/** While a dependency is down: soon at first, for most outages are a restart, and at most five seconds after it is back. */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;
/**
 * Half an hour without an answer and RabbitMQ (its default `consumer_timeout`) takes the channel away and counts a delivery: after ten
 * hours of outage what was in hand would be at its delivery limit, and dead.
 */
const PATIENCE_MS = 600_000;
/** Before a message that could not be put aside is given back: it comes again at once, and would go round without a rest. */
const GIVE_BACK_PAUSE_MS = 1_000;
/** From the time that a relay needs to three delayed tries and a pause. */
const lagBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];
/** A reason in a header is for a human to read; the whole story is in the log, under the message's id. */
const REASON_CHARS_MAX = 200;

/** Takes one delivery to its end. Never rejects: the message is answered, or left to be delivered again. */
export function createReceiver(options: ReceiverOptions) {
  const { handlers, logger, metrics } = options;
  const processed = metrics.counter({
    name: 'messages_processed_total',
    help: 'Deliveries by what became of them',
    labels: ['type', 'outcome'],
    zero: [...Object.keys(handlers), 'unreadable'].flatMap((type) => outcomes.map((outcome) => ({ type, outcome }))),
  });
  const seconds = metrics.histogram({
    name: 'message_handling_seconds',
    help: 'From a delivery to its answer, pauses for a dependency included',
    labels: ['type'],
    zero: [...Object.keys(handlers), 'unreadable'].map((type) => ({ type })),
  });
  const lag = metrics.histogram({
    name: 'message_lag_seconds',
    help: 'From the moment that an event was told to the end of its handling, by the clocks of both services',
    labels: ['type'],
    buckets: lagBuckets,
    zero: Object.keys(handlers).map((type) => ({ type })),
  });

  const receiving: Receiving = { ...options, progress: { handledMs: Number.NEGATIVE_INFINITY } };
  return (message: ConsumeMessage, session: Session): Promise<void> => {
    const read = readMessage(message, handlers);
    const type = read.event?.type ?? 'unreadable';
    const sent = String(message.properties.headers?.['traceparent'] ?? '');
    const traceparent = continueTrace(sent);
    const endSpan = startSpan(traceparent, sent);
    const correlation = read.event === undefined ? {} : { correlationId: read.event.correlationid };
    return runInContext({ traceparent, ...correlation }, async () => {
      const endTimer = seconds.startTimer({ type });
      const outcome = await conclude(receiving, message, session, read);
      endTimer();
      endSpan({ name: `take ${type}`, kind: 'consumer', failed: outcome === 'dead', attributes: { outcome } });
      processed.inc({ type, outcome });
      if (outcome === 'processed' && read.event !== undefined) {
        lag.observe({ type }, Math.max(0, (Date.now() - Date.parse(read.event.time)) / 1000));
      }
      logger.info({ message_id: message.properties.messageId, type, attempt: attemptOf(message), outcome }, 'message');
    });
  };
}

type Read = { event: Received; handle: () => Promise<void> } | { event: undefined; reason: string };

function readMessage(message: ConsumeMessage, handlers: Handlers): Read {
  try {
    const event: Received = { ...parseEnvelope(message.content), attempt: attemptOf(message) };
    const handler = handlers[event.type] as ((event: Received) => Promise<void>) | undefined;
    if (handler === undefined) return { event: undefined, reason: `nobody here handles ${event.type}` };
    return { event, handle: () => handler(event) };
  } catch (error) {
    return { event: undefined, reason: reasonOf(error) };
  }
}

/** Our own header: a message that was published again by us carries it, and RabbitMQ 4 no longer keeps `x-death` for those. */
function attemptOf(message: ConsumeMessage): number {
  const attempt: unknown = message.properties.headers?.['x-attempt'];
  return typeof attempt === 'number' && Number.isInteger(attempt) && attempt >= 1 ? attempt : 1;
}

interface Receiving extends ReceiverOptions {
  /** When any message was last handled: how one that always runs out of time is told from a database that is too slow for all. */
  progress: { handledMs: number };
}

async function conclude(options: Receiving, message: ConsumeMessage, session: Session, read: Read): Promise<Outcome> {
  const { logger } = options;
  const seen: Claims = { duplicate: false };
  const handle = read.event === undefined ? undefined : () => watchClaims(seen, read.handle);
  const failure = handle === undefined ? (read as Failure) : await tryHandler(handle, options, session.over);
  if (failure === 'given_back') return 'given_back'; // unanswered: it goes back when its channel is closed
  try {
    const handled = seen.duplicate ? 'duplicate' : 'processed';
    const outcome = failure === undefined ? handled : await putAside(options, message, session.publish, failure);
    acknowledge(session.channel, message);
    if (outcome === 'delayed' && failure?.error !== undefined) await tellRetry(options, read, failure.reason);
    return outcome;
  } catch (err) {
    if (!session.over.aborted)
      logger.error({ err, message_id: message.properties.messageId }, 'a message could not be put aside');
    await sleep(GIVE_BACK_PAUSE_MS, undefined, { signal: session.over }).catch(() => {});
    giveBack(session.channel, message);
    return 'given_back';
  }
}

async function tellRetry({ retried, logger }: ReceiverOptions, { event }: Read, reason: string): Promise<void> {
  if (event === undefined || retried === undefined) return;
  await retried(event, reason).catch((err) => logger.warn({ err, message_id: event.id }, 'a retry could not be told'));
}

/** `error` is worth another try, a bare reason is not; `uncounted`: not the message's fault, so it comes again as the same try. */
type Failure = { reason: string; error?: unknown; uncounted?: true };

/**
 * Undefined when it was handled. While a dependency is down the message is kept, unanswered, and no attempt is counted; after `patienceMs`
 * it waits in a delay queue instead, its tries as they were. Unless it was stopped by the statement timeout again and again while others were
 * handled: then it is the message that is too slow, not the database, and that was a try. Nothing else would ever end it.
 */
async function tryHandler(
  handle: () => Promise<void>,
  { patienceMs = PATIENCE_MS, logger, progress }: Receiving,
  over: AbortSignal,
): Promise<Failure | 'given_back' | undefined> {
  const sinceMs = performance.now();
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)) {
    try {
      await handle();
      progress.handledMs = performance.now();
      return undefined;
    } catch (err) {
      if (err instanceof ContractError) return { reason: reasonOf(err) };
      if (!isUnavailable(err) && !(err instanceof DependencyDown || err instanceof Overloaded))
        return { reason: reasonOf(err), error: err };
      logger.warn({ err, pause_ms: pauseMs }, 'a dependency is down, the message waits');
      if (performance.now() - sinceMs >= patienceMs) {
        const isOwnFault = isStatementTimeout(err) && progress.handledMs > sinceMs;
        return { reason: reasonOf(err), ...(isOwnFault ? { error: err } : { uncounted: true }) };
      }
    }
    await sleep(pauseMs, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return 'given_back';
  }
}

/**
 * Published elsewhere and confirmed, and only then acknowledged: a crash between the two leaves two copies, never none. To a delay
 * queue while there are tries left, to the DLQ after that. Headers are made anew: with a copied `x-death` RabbitMQ 3 could take the
 * next expiry for a cycle and drop the message.
 */
async function putAside(
  { names, service, delaysMs, logger }: ReceiverOptions,
  message: ConsumeMessage,
  publish: Publish,
  { reason, error, uncounted }: Failure,
): Promise<'delayed' | 'dead'> {
  const attempt = attemptOf(message);
  const tier = uncounted ? 1 : attempt;
  const delayMs = error === undefined && !uncounted ? undefined : delaysMs[tier - 1];
  logger.warn({ err: error, reason, attempt, delay_ms: delayMs }, 'a message was not processed');
  const { messageId, type, contentType } = message.properties;
  const { traceparent } = currentContext();
  const target =
    delayMs === undefined
      ? { exchange: '', routingKey: names.dead(service) }
      : { exchange: names.delay(tier), routingKey: names.queue(service) };
  const routed = await publish({
    ...target,
    content: message.content,
    messageId: typeof messageId === 'string' ? messageId : newUuid(),
    options: {
      type,
      contentType,
      headers: {
        'x-attempt': delayMs === undefined || uncounted ? attempt : attempt + 1,
        'x-reason': reason,
        traceparent,
        ...(delayMs === undefined ? { 'x-death-id': newUuid(), 'x-died-at': new Date().toISOString() } : {}),
      },
      ...(delayMs === undefined ? {} : { expiration: delayMs }),
    },
  });
  if (!routed) throw new Error(`${target.exchange || target.routingKey} is missing`);
  return delayMs === undefined ? 'dead' : 'delayed';
}

/** What was wrong, without values: a driver's message may repeat what somebody typed. */
function reasonOf(error: unknown): string {
  if (error instanceof ContractError) return error.message.slice(0, REASON_CHARS_MAX);
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' ? `${error.name} ${code}` : error.name).slice(0, REASON_CHARS_MAX);
}

function acknowledge(channel: ConfirmChannel, message: ConsumeMessage): void {
  try {
    channel.ack(message);
  } catch {
    // The channel is gone, so the message comes again, and the inbox knows it.
  }
}

/** reject, not nack: since RabbitMQ 4.3 a nack is not counted towards the delivery limit, and a poison message would stay for ever. */
function giveBack(channel: ConfirmChannel, message: ConsumeMessage): void {
  try {
    channel.reject(message, true);
  } catch {
    // The channel is gone, and the message back in its queue already.
  }
}
