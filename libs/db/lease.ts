import type { Sql } from './sql.ts';

/** For the migrations of services with scheduled jobs. */
export const leasesSchema = `
  CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    fencing bigint NOT NULL,
    expires_at timestamptz NOT NULL
  )`;

/** `fencing` grows with every change of holder: a step that stores it can refuse a leader who does not know yet that he was replaced. */
interface Lease {
  fencing: bigint;
}

/**
 * Takes or renews the right to run a scheduled job for `ttlMs`; null while another holder has it. The database's clock decides, not
 * ours, and `clock_timestamp()` rather than the transaction's `now()`, which is older by the wait for the row. Two leaders are still
 * possible (a process that was paused), so every step of a job is idempotent by itself.
 */
export async function acquireLease(sql: Sql, name: string, holder: string, ttlMs: number): Promise<Lease | null> {
  const [lease] = await sql.rows<Lease>(
    `INSERT INTO leases (name, holder, fencing, expires_at)
     VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
     ON CONFLICT (name) DO UPDATE SET
       holder = excluded.holder,
       fencing = leases.fencing + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END,
       expires_at = clock_timestamp() + $3 * interval '1 millisecond'
     WHERE leases.holder = excluded.holder OR leases.expires_at <= clock_timestamp()
     RETURNING fencing`,
    [name, holder, ttlMs],
  );
  return lease ?? null;
}

/** The same in memory, on the given clock. */
export function memoryLeases(now: () => Date) {
  const leases = new Map<string, { holder: string; fencing: bigint; expiresAtMs: number }>();
  return async (name: string, holder: string, ttlMs: number): Promise<Lease | null> => {
    const held = leases.get(name);
    if (held !== undefined && held.holder !== holder && held.expiresAtMs > now().getTime()) return null;
    const fencing = held === undefined ? 1n : held.holder === holder ? held.fencing : held.fencing + 1n;
    leases.set(name, { holder, fencing, expiresAtMs: now().getTime() + ttlMs });
    return { fencing };
  };
}
