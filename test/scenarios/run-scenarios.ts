import pg from 'pg';
import { poll } from '#libs/testing';
import type { Violation } from '../../deploy/audit/rules.ts';
import { type System, startSystem } from '../system/start-system.ts';
import { type OpenCase, unexplained } from './compare-books.ts';
import { type Played, playScenario } from './play-scenario.ts';
import { scenarioOf } from './scenario.ts';

/** Stories side by side: enough that two cores are never idle while one waits, few enough that no story runs out of patience. */
const STORIES_MAX = 8;
/** All retries of a delivery have been made by then (REVIO.md §5), and whoever wanted to pay has. */
const RETRIES_OVER_MS = 37 * 3_600_000;
/** Between two looks at the schedule of reads: the months in which R2b would ask again pass in as many seconds. */
const READ_AGAIN_MS = 8_000;
/** Healing takes some 15 s, for a payout's window must close; on a loaded machine several times that. */
const HEAL_TIMEOUT_MS = 240_000;
/** What has not changed for so long, with every wait of ours over and everything read again several times, will not heal. */
const STUCK_MS = 60_000;

export interface Outcome {
  seeds: number;
  transactions: number;
  /** What the provider has of them, by kind and status. */
  truth: Record<string, number>;
  /** Open cases by cause. */
  cases: Record<string, number>;
  failed: { seed: number; violations: Violation[]; cases: OpenCase[] }[];
}

/** A system whose days are seconds: windows, ages and waits are shortened alike, and all of them stay in their order. */
export const startScenarioSystem = (): Promise<System> =>
  startSystem({
    provider: { executeWindowMs: 6_000, payoutSettleMs: 300, webhookTimeoutMs: 20_000 },
    settings: {
      gateway: { UPSTREAM_TIMEOUT_MS: '28000' },
      payments: {
        REVIO_TIMEOUT_MS: '1500',
        WALLET_TIMEOUT_MS: '20000',
        RETRY_MIN_MS: '100',
        RETRY_MAX_MS: '1000',
        PROVIDER_PAUSE_MS: '200',
        WORKER_INTERVAL_MS: '200',
        PAYOUT_FRESH_MS: '4000',
        LEASE_MS: '8000',
      },
      reconciler: {
        CLOCK_SKEW_MAX_MS: '3000',
        REVIO_EXECUTE_WINDOW_MS: '9000',
        REVERSAL_GRACE_MS: '2000',
        SWEEP_INTERVAL_MS: '200',
        SWEEP_CONCURRENCY_MAX: '8',
        DEPOSIT_READ_AFTER_MS: '2000',
        WITHDRAWAL_READ_AFTER_MS: '2000',
        EARLY_READ_STEPS_MS: '500,1000,2000',
        READ_STEPS_MS: '1000,2000',
        READ_LEASE_MS: '20000',
        READ_PAUSE_MS: '200',
        REMATCH_INTERVAL_MS: '1000',
        UNMATCHED_AFTER_MS: '15000',
      },
    },
  });

/** Plays the stories of these seeds side by side, lets everything heal, and says which seeds left books that no case explains. */
export async function runScenarios(system: System, seeds: readonly number[]): Promise<Outcome> {
  const { control } = system.simulator;
  const played: Played[] = [];
  const failed: Outcome['failed'] = [];
  const left = [...seeds];
  const play = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      try {
        played.push(await playScenario(system, scenarioOf(seed)));
      } catch (error) {
        const detail = String(error);
        failed.push({ seed, violations: [{ rule: 'the story can be told', subject: '', detail }], cases: [] });
      }
    }
  };
  await Promise.all(Array.from({ length: STORIES_MAX }, play));
  control.faults.clear();
  await control.advance({ ms: RETRIES_OVER_MS });
  const { violations, cases } = await heal(system);
  const seedOf = new Map(played.flatMap(({ seed, transactionIds }) => transactionIds.map((id) => [id, seed] as const)));
  const casesOf = (seed: number) => cases.filter(({ transactionId }) => seedOf.get(transactionId ?? '') === seed);
  for (const violation of violations) {
    const seed = seedOf.get(violation.subject) ?? -1;
    const known = failed.find((other) => other.seed === seed);
    if (known) known.violations.push(violation);
    else failed.push({ seed, violations: [violation], cases: casesOf(seed) });
  }
  return {
    seeds: seeds.length,
    transactions: seedOf.size,
    truth: counted(control.truth().flatMap((row) => (seedOf.has(row.reference) ? `${row.kind} ${row.status}` : []))),
    cases: counted(cases.filter(({ transactionId }) => seedOf.has(transactionId ?? '')).map(({ cause }) => cause)),
    failed,
  };
}

/** Reads everything again now and then, until our books and Revio's agree or a case says why they do not. */
async function heal(system: System): Promise<{ violations: Violation[]; cases: OpenCase[] }> {
  const books = new pg.Client({ connectionString: system.databases.reconciler.ownerUrl });
  await books.connect();
  let found: { violations: Violation[]; cases: OpenCase[] } = { violations: [], cases: [] };
  let nextReadMs = 0;
  let changedMs = performance.now();
  try {
    await poll(
      async () => {
        if (performance.now() >= nextReadMs) {
          await books.query('UPDATE objects SET next_read_at = now() WHERE transaction_id IS NOT NULL');
          nextReadMs = performance.now() + READ_AGAIN_MS;
        }
        const due = await books.query('SELECT 1 FROM objects WHERE next_read_at <= now() LIMIT 1');
        const cases = await openCases(books);
        const violations = unexplained(await system.violations({ atRest: true, casesExplain: false }), cases);
        if (JSON.stringify(violations) !== JSON.stringify(found.violations)) changedMs = performance.now();
        found = { violations, cases };
        const isStuck = performance.now() - changedMs > STUCK_MS;
        return isStuck || (violations.length === 0 && due.rowCount === 0);
      },
      { timeoutMs: HEAL_TIMEOUT_MS, intervalMs: 500 },
    );
  } catch {
    // Said by what is returned.
  } finally {
    await books.end();
  }
  return found;
}

async function openCases(books: pg.Client): Promise<OpenCase[]> {
  const { rows } = await books.query<OpenCase>(
    `SELECT cause, transaction_id AS "transactionId", evidence FROM cases WHERE status IN ('open', 'in_review')`,
  );
  return rows;
}

export function mergeOutcomes(outcomes: readonly Outcome[]): Outcome {
  const total = (of: 'seeds' | 'transactions') => outcomes.reduce((sum, outcome) => sum + outcome[of], 0);
  return {
    seeds: total('seeds'),
    transactions: total('transactions'),
    truth: counted(outcomes.flatMap(({ truth }) => words(truth))),
    cases: counted(outcomes.flatMap(({ cases }) => words(cases))),
    failed: outcomes.flatMap(({ failed }) => failed),
  };
}

function counted(said: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of said.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const words = (counts: Record<string, number>): string[] =>
  Object.entries(counts).flatMap(([word, n]) => Array.from({ length: n }, () => word));
