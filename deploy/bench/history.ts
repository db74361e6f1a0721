import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '#libs/db';
import { migrations } from '../../services/payments/src/migrations/index.ts';
import { createServiceDatabase } from '../local/databases.ts';
import { startPostgres } from '../local/postgres.ts';
import { exportInConstantMemory } from './export-memory.ts';
import { fillTransactions } from './history-data.ts';
import { historyReads } from './history-reads.ts';

/**
 * `npm run bench:history -- --rows 10000000 --plans plans.md`: a private PostgreSQL, the payments database in it, as many transactions as asked
 * for, and the service's own statements with their plans and times. Then the export of the user who has most, and what memory it took.
 */
const rowsMax = 20_000_000;
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    plans: { type: 'string' },
    keep: { type: 'string' },
  },
});
const rows = Math.min(Number(values.rows), rowsMax);
if (!(rows >= 1_000)) throw new Error('--rows is a number from 1000 on');
/** Each read this often, the first ones not counted: the pages that they need are in memory then, as those of users who are about are. */
const warmRuns = 2;
const countedRuns = 5;

const folder = values.keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'bench-history-'));
fs.mkdirSync(folder, { recursive: true });
fs.chmodSync(folder, 0o755);
const postgres = await startPostgres({ dir: path.join(folder, 'postgres'), fsync: false });
try {
  const { ownerUrl, serviceUrl } = await createServiceDatabase(postgres.url, {
    service: 'payments',
    password: 'bench',
  });
  await migrate({ databaseUrl: ownerUrl, migrations });
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query(`SET maintenance_work_mem = '512MB'`);
  const subjects = await fillTransactions(owner, rows, (text) => console.log(text));
  await tellSizes(owner);
  await owner.end();

  const service = new pg.Client({ connectionString: serviceUrl });
  await service.connect();
  const plans: string[] = [];
  for (const { name, statement } of historyReads(subjects)) {
    const times: number[] = [];
    for (let run = 0; run < warmRuns + countedRuns; run++) {
      const startedAt = performance.now();
      await service.query(statement);
      if (run >= warmRuns) times.push(performance.now() - startedAt);
    }
    const median = times.sort((a, b) => a - b)[Math.floor(countedRuns / 2)] ?? 0;
    const { rows: lines } = await service.query<{ 'QUERY PLAN': string }>({
      ...statement,
      text: `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${statement.text}`,
    });
    const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
    const atServer = /Execution Time: ([0-9.]+)/.exec(plan)?.[1];
    console.log(
      `${median.toFixed(1).padStart(8)} ms, ${String(atServer).padStart(8)} ms of them at the server  ${name}`,
    );
    plans.push(`### ${name}: ${atServer} ms\n\n\`\`\`text\n${plan}\n\`\`\`\n`);
  }
  await service.end();
  if (values.plans !== undefined) fs.writeFileSync(values.plans, plans.join('\n'));
  for (const format of ['csv', 'json', 'xlsx'] as const)
    await exportInConstantMemory(serviceUrl, subjects.giant, format);
} finally {
  await postgres.stop(values.keep === undefined ? 'KILL' : undefined);
  if (values.keep === undefined) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function tellSizes(db: pg.Client): Promise<void> {
  const { rows: sizes } = await db.query<{ name: string; size: string }>(
    `SELECT relname AS name, pg_size_pretty(pg_relation_size(oid)) AS size FROM pg_class
     WHERE relname LIKE 'transactions%' AND relkind IN ('r', 'i') ORDER BY pg_relation_size(oid) DESC`,
  );
  for (const { name, size } of sizes) console.log(`${size.padStart(9)}  ${name}`);
}
