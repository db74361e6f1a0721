import fs from 'node:fs';
import pg from 'pg';

/** What a stretch of work has cost so far; two of them, subtracted, are what lies between. */
export interface Costs {
  /** Milliseconds of processor time by process, its children included. */
  cpuMs: Record<string, number>;
  /** Statements, and with them round trips, by database. */
  statements: Record<string, number>;
  walBytes: number;
}

/** Linux counts processor time in hundredths of a second. */
const tickMs = 10;

export async function readCosts(postgresUrl: string, pids: Record<string, number>): Promise<Costs> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  const wal = await client.query<{ bytes: string }>(`SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes`);
  const { rows } = await client.query<{ name: string; calls: string }>(
    `SELECT datname AS name, sum(calls) AS calls FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
     WHERE datname LIKE 'piggybank_%' GROUP BY 1 ORDER BY 1`,
  );
  await client.end();
  return {
    cpuMs: Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuMsOf(pid)])),
    statements: Object.fromEntries(rows.map(({ name, calls }) => [name.replace('piggybank_', ''), Number(calls)])),
    walBytes: Number(wal.rows[0]?.bytes),
  };
}

/** What `after` has more than `before`, for one of `flows`. */
export function costsPerFlow(before: Costs, after: Costs, flows: number): Costs {
  const each = (of: 'cpuMs' | 'statements') =>
    Object.fromEntries(
      Object.entries(after[of]).map(([name, value]) => [name, (value - (before[of][name] ?? 0)) / flows]),
    );
  return {
    cpuMs: each('cpuMs'),
    statements: each('statements'),
    walBytes: (after.walBytes - before.walBytes) / flows,
  };
}

/** Of a process and of what it has started, dead or alive: each of PostgreSQL's connections is a child. The launcher's are told by name. */
function cpuMsOf(pid: number): number {
  const own = timesOf(pid);
  if (own === undefined) return 0;
  const children = own.command === 'postgres' ? childrenOf(pid) : [];
  return [own, ...children.map(timesOf)].reduce((sum, times) => sum + (times?.ms ?? 0), 0);
}

const childrenOf = (pid: number): number[] =>
  fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && timesOf(Number(name))?.parent === pid)
    .map(Number);

/** proc(5): the command stands in brackets; after it state, parent, and at 14 to 17 the times, its own and those of ended children. */
function timesOf(pid: number): { command: string; parent: number; ms: number } | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [from, to] = [stat.indexOf('('), stat.lastIndexOf(')')];
    const fields = stat.slice(to + 2).split(' ');
    const command = stat.slice(from + 1, to);
    const times = fields.slice(11, command === 'postgres' ? 15 : 13).map(Number);
    return { command, parent: Number(fields[1]), ms: times.reduce((sum, ticks) => sum + ticks * tickMs, 0) };
  } catch {
    return undefined; // it has ended, or there is no /proc
  }
}
