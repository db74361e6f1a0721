import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Service } from '../../deploy/local/databases.ts';
import type { Stack } from '../system/launch-stack.ts';

const sampleEveryMs = 5_000;

/** What the two checks showed at every look; a gauge that was absent is counted and never taken for zero. */
export type Watched = {
  samples: number;
  absent: Record<string, number>;
  highest: Record<string, number>;
};

const gauges = {
  wallet: ['ledger_drift_wallets', 'ledger_negative_accounts'],
  reconciler: ['conservation_breaks_open'],
} as const;

/** Looks at the checks' own metrics until told to stop. */
export function watchChecks(stack: Stack): { stop: () => Promise<Watched> } {
  const watched: Watched = { samples: 0, absent: {}, highest: {} };
  let isStopping = false;
  const watching = (async () => {
    for (; !isStopping; await sleep(sampleEveryMs)) {
      for (const [service, names] of Object.entries(gauges)) {
        const text = await metricsOf(stack, service as Service);
        for (const name of names) {
          const value = sumOf(text, name);
          if (value === null) watched.absent[name] = (watched.absent[name] ?? 0) + 1;
          else watched.highest[name] = Math.max(watched.highest[name] ?? 0, value);
        }
      }
      watched.samples += 1;
    }
  })();
  return {
    stop: async () => {
      isStopping = true;
      await watching;
      return watched;
    },
  };
}

export const metricsOf = async (stack: Stack, service: Service): Promise<string> =>
  (await fetch(`${stack.describe().services[service].ops_url}/metrics`)).text();

/** The sum of a metric's series; null where it has none. */
export function sumOf(text: string, name: string): number | null {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** How many rows a table has, asked as its owner. */
export async function countRows(stack: Stack, service: Service, from: string): Promise<number> {
  const client = new pg.Client({ connectionString: stack.describe().services[service].admin_database_url });
  await client.connect();
  return client
    .query<{ count: string }>(`SELECT count(*) FROM ${from}`)
    .then(({ rows }) => Number(rows[0]?.count))
    .finally(() => client.end());
}
