import { type ServiceName, serviceNames } from '#libs/contracts';
import type { Sql } from '#libs/db';
import type { Metrics } from '#libs/telemetry';
import type { DeadLetterDeps } from './deps.ts';

interface OpenLetters {
  consumer: ServiceName;
  open: number;
  oldestAgeS: number;
}

/**
 * What waits for a human. Absent while the database cannot be asked or the dead letter queues are not being emptied: then nobody knows,
 * and an error must not read as "nothing".
 */
export function deadLetterMetrics(
  metrics: Metrics,
  on: { read: Sql; collecting: () => boolean },
): DeadLetterDeps['counted'] {
  const openLetters = async (): Promise<OpenLetters[]> => {
    if (!on.collecting()) throw new Error('the dead letter queues are not being emptied');
    return on.read.rows<OpenLetters>(
      `SELECT consumer, count(*)::int AS open,
         extract(epoch FROM clock_timestamp() - min(died_at))::float8 AS "oldestAgeS"
       FROM dead_letters WHERE state = 'open' GROUP BY consumer`,
    );
  };
  const perQueue = (name: string, help: string, value: (letters: OpenLetters) => number) =>
    metrics.gauge({
      ...{ name, help, labels: ['queue'] as const },
      collect: async (gauge) => {
        const found = new Map((await openLetters()).map((letters) => [letters.consumer, letters]));
        for (const queue of serviceNames) {
          const letters = found.get(queue);
          gauge.set({ queue }, letters === undefined ? 0 : value(letters));
        }
      },
    });
  perQueue('dead_letters_open', 'Dead messages that wait for a human', ({ open }) => open);
  perQueue('dead_letters_oldest_age_seconds', 'Since when the oldest of them is dead', ({ oldestAgeS }) => oldestAgeS);

  const zero = serviceNames.map((queue) => ({ queue }));
  const counter = (name: string, help: string) => metrics.counter({ name, help, labels: ['queue'] as const, zero });
  const counters = {
    collected: counter('dead_letters_collected_total', 'Deaths taken out of dead letter queues'),
    replayed: counter('dead_letters_replayed_total', 'Dead messages put back into their queues'),
    replay_failed: counter('dead_letters_replay_failed_total', 'Dead messages that a job gave up putting back'),
    discarded: counter('dead_letters_discarded_total', 'Dead messages that a human discarded'),
  };
  return (what, queue, count = 1) => counters[what].inc({ queue }, count);
}
