import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { exportSpans, type Span } from '#libs/runtime';

/** OpenTelemetry's numbers for them. */
const kinds: Record<Span['kind'], ReadableSpan['kind']> = { internal: 0, server: 1, client: 2, consumer: 4 };
/** Likewise: not set, and error. */
const [unset, error]: ReadableSpan['status']['code'][] = [0, 2];

/**
 * Sends this process's spans to an OpenTelemetry collector (OTLP over HTTP). The libraries are loaded here and not before: who does not
 * ask for spans does not pay for them. Batched, bounded and best effort: what a collector does not take is dropped and nothing waits for it.
 */
export async function openSpanExport(options: {
  service: string;
  endpoint: string;
}): Promise<{ stop(): Promise<void> }> {
  const [{ BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const resource = resourceFromAttributes({ 'service.namespace': 'piggybank', 'service.name': options.service });
  const url = `${options.endpoint.replace(/\/$/, '')}/v1/traces`;
  const batches = new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) });
  exportSpans((span) => batches.onEnd(readable(span, resource)));
  return {
    stop: async () => {
      exportSpans(undefined);
      await batches.shutdown().catch(() => undefined); // a collector that is down is no reason to stop badly
    },
  };
}

function readable(span: Span, resource: ReadableSpan['resource']): ReadableSpan {
  const context = contextOf(span.traceparent);
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(span.parent === undefined ? {} : { parentSpanContext: contextOf(span.parent) }),
    startTime: timeOf(span.startedAtMs),
    endTime: timeOf(span.startedAtMs + span.durationMs),
    duration: timeOf(span.durationMs),
    ended: true,
    status: { code: (span.failed ? error : unset) ?? 0 },
    attributes: { ...span.attributes },
    links: [],
    events: [],
    resource,
    instrumentationScope: { name: 'piggybank' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf(traceparent: string): ReturnType<ReadableSpan['spanContext']> {
  const [, traceId = '', spanId = '', flags = '01'] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

/** Seconds and nanoseconds. */
const timeOf = (ms: number): [number, number] => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
