import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** From a cached answer to a timeout: a hold is meant to end within 50 ms, a provider call within 10 s. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Prometheus gives up after ten seconds, and then everything of this process is unknown. A gauge that asks the database waits in the queue
 * whose length another one tells: a scrape must end while that is what is wrong.
 */
const collectMsMax = 3_000;

interface Definition<Label extends string> {
  /** Base units in the name: `_seconds`, `_bytes`, `_total`. */
  name: string;
  help: string;
  /** Never ids: each value is a time series that is kept for good. */
  labels?: readonly Label[];
  /** The label sets that are known beforehand: a series that begins at 0 shows its first event as an increase; a missing one hides it. */
  zero?: readonly Record<Label, string>[];
}

/** One service's metrics. Asking again for a name that exists gives the same metric, so that two clients can share one. */
export interface Metrics {
  counter<Label extends string = never>(definition: Definition<Label>): Counter<Label>;
  /** `collect` runs at each scrape. If it rejects, the series is left out: absent, never a stale or zero value. */
  gauge<Label extends string = never>(
    definition: Definition<Label> & { collect?: (gauge: Gauge<Label>) => void | Promise<void> },
  ): Gauge<Label>;
  /** Seconds, unless `buckets` says otherwise. */
  histogram<Label extends string = never>(
    definition: Definition<Label> & { buckets?: readonly number[] },
  ): Histogram<Label>;
  /** The exposition format and its content type. */
  render(): Promise<{ contentType: string; text: string }>;
}

/** A registry of its own (prom-client's global one would mix services that share a test process) with the process's metrics in it. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const common = <Label extends string>({ name, help, labels = [] }: Definition<Label>) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  });

  return {
    counter<Label extends string>(definition: Definition<Label>) {
      const existing = registry.getSingleMetric(definition.name);
      const counter =
        existing instanceof Counter ? (existing as Counter<Label>) : new Counter<Label>(common(definition));
      for (const labels of definition.zero ?? []) counter.inc(labels as never, 0);
      return counter;
    },
    gauge<Label extends string>(
      definition: Definition<Label> & { collect?: (gauge: Gauge<Label>) => void | Promise<void> },
    ) {
      const existing = registry.getSingleMetric(definition.name);
      if (existing instanceof Gauge) return beginAtZero(existing as Gauge<Label>, definition);
      const { collect } = definition;
      const gauge: Gauge<Label> = new Gauge<Label>({
        ...common(definition),
        ...(collect === undefined ? {} : { collect: () => collectOrForget(gauge, definition.labels, collect) }),
      });
      return beginAtZero(gauge, definition);
    },
    histogram<Label extends string>(definition: Definition<Label> & { buckets?: readonly number[] }) {
      const existing = registry.getSingleMetric(definition.name);
      if (existing instanceof Histogram) return existing as Histogram<Label>;
      const histogram = new Histogram<Label>({
        ...common(definition),
        buckets: [...(definition.buckets ?? secondsBuckets)],
      });
      for (const labels of definition.zero ?? []) histogram.zero(labels as never);
      return histogram;
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** Also where another client made the metric: each brings label sets of its own. By adding nothing, so that none is set back. */
function beginAtZero<Label extends string>(gauge: Gauge<Label>, { zero = [] }: Definition<Label>): Gauge<Label> {
  for (const labels of zero) gauge.inc(labels as never, 0);
  return gauge;
}

/** Fails closed: what cannot be measured now must not be shown as it was, and one gauge's failure must not hide all others. */
async function collectOrForget<Label extends string>(
  gauge: Gauge<Label>,
  labels: readonly Label[] | undefined,
  collect: (gauge: Gauge<Label>) => void | Promise<void>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('not measured in time')), collectMsMax);
  });
  try {
    await Promise.race([collect(gauge), late]);
  } catch {
    gauge.reset();
    if (labels === undefined || labels.length === 0) gauge.remove(); // reset() leaves a 0 where there are no labels
  } finally {
    clearTimeout(timer);
  }
}
