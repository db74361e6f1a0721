import { exportSpans, type Logger, type Span } from '#libs/runtime';

/**
 * OTLP over HTTP, as JSON, is two pages of specification (opentelemetry.io/docs/specs/otlp), and spans are all that is sent. The project's
 * own exporter brings 28 MB in eleven packages, and the line of it that is kept no longer runs on our oldest Node.
 */
const kinds: Record<Span['kind'], number> = { internal: 1, server: 2, client: 3, consumer: 5 };
const failed = 2;

/** How long a span waits for company. */
const intervalMs = 2_000;
/** Some 200 kB a request. */
const batchMax = 512;
/** Of spans in memory: what a collector does not take in time is dropped, for nothing may wait for it. */
const waitingMax = 4_096;
const timeoutMs = 5_000;

interface Options {
  service: string;
  /** Without `/v1/traces`. */
  endpoint: string;
  logger: Logger;
}

/** Sends this process's spans to an OpenTelemetry collector: batched, bounded, best effort. */
export function openSpanExport({ service, endpoint, logger }: Options): { stop(): Promise<void> } {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const resource = { attributes: attributesOf({ 'service.namespace': 'piggybank', 'service.name': service }) };
  let waiting: Span[] = [];
  let sending: Promise<void> | undefined;
  let isLosing = false;

  async function post(spans: readonly Span[]): Promise<void> {
    const scopeSpans = [{ scope: { name: 'piggybank' }, spans: spans.map(spanOf) }];
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer(); // read, so that the connection can be used again
    if (!response.ok) throw new Error(`the collector answered ${response.status}`);
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      try {
        await post(batch);
        isLosing = false;
      } catch (err) {
        if (!isLosing) logger.warn({ err }, 'spans are lost: the collector does not take them'); // once per outage
        isLosing = true;
      }
    }
  }

  const send = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  const timer = setInterval(send, intervalMs);
  timer.unref();
  exportSpans((span) => {
    if (isSampled(span) && waiting.length < waitingMax) waiting.push(span);
    if (waiting.length === batchMax) void send();
  });
  return {
    stop: async () => {
      exportSpans(undefined);
      clearInterval(timer);
      // What an outage has left would be tried batch by batch: the last of it is enough.
      waiting = waiting.slice(-batchMax);
      await send();
    },
  };
}

/** The last bit of the flags: whoever began the trace wants it recorded. */
const isSampled = ({ traceparent }: Span): boolean => Number.parseInt(traceparent.slice(-2), 16) % 2 === 1;

function spanOf(span: Span) {
  const [, traceId, spanId] = span.traceparent.split('-');
  return {
    traceId,
    spanId,
    parentSpanId: span.parent?.split('-')[2],
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanosOf(span.startedAtMs),
    endTimeUnixNano: nanosOf(span.startedAtMs + span.durationMs),
    attributes: attributesOf(span.attributes),
    status: span.failed ? { code: failed } : {},
  };
}

/** 64 bits are a string in JSON. */
const nanosOf = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n);

const attributesOf = (attributes: Readonly<Record<string, string | number>>) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  }));
