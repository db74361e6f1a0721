import type { Clock } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { Looked } from './watch-conservation.ts';

/**
 * What the last look found, and nothing when that is not known: after a failure, and three intervals after a look, the gauges are absent,
 * because an error must never read as zero. Only the time of the last good look stays, to be seen growing old.
 */
export function exposeConservation(
  metrics: Metrics,
  watch: { last: () => Looked | undefined; clock: Pick<Clock, 'monotonicMs'>; intervalMs: number },
): void {
  const fresh = (): Looked => {
    const last = watch.last();
    if (last === undefined || watch.clock.monotonicMs() - last.monotonicMs > 3 * watch.intervalMs)
      throw new Error('no look of late');
    return last;
  };
  metrics.gauge({
    name: 'conservation_breaks_open',
    help: 'Postings without an equal object at Revio, or the other way round, that no case explains (I9)',
    collect: (gauge) => gauge.set(fresh().differences.broken),
  });
  metrics.gauge({
    name: 'conservation_differences',
    help: 'Differences between the ledger and Revio that are looked at again, by what is known of them',
    labels: ['state'],
    collect: (gauge) => {
      const { differences } = fresh();
      gauge.reset();
      for (const [state, count] of Object.entries(differences)) gauge.set({ state }, count);
    },
  });
  let lookedAt: Date | undefined;
  metrics.gauge({
    name: 'conservation_last_success_timestamp_seconds',
    help: 'When this process last compared all that was there to compare, Unix time',
    collect: (gauge) => {
      lookedAt = watch.last()?.at ?? lookedAt;
      if (lookedAt === undefined) throw new Error('never looked');
      gauge.set(lookedAt.getTime() / 1000);
    },
  });
}
