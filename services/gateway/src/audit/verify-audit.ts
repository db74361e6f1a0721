import type { Sql } from '#libs/db';
import { type ChainedRow, type Checked, emptyChain, followChain, type Head } from './chain.ts';

/** Some 400 bytes a row: a page is a few megabytes, and a million rows take a hundred pages. */
const pageRows = 10_000;

const instant = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`;

/**
 * Reads the audit log and computes every hash anew, here and not in the database, whose functions an owner could change as well. All of it,
 * or what came after `since`, a head that was verified before.
 * A chain cannot tell that its end was cut off or that all of it was written anew: that is what `known` is for, a head that somebody
 * noted down earlier, outside of this database.
 */
export async function verifyAudit(
  read: Sql,
  { known, since }: { known?: Head | undefined; since?: Head | undefined } = {},
): Promise<Checked> {
  let head: Head = since ?? emptyChain;
  if (since !== undefined && since.seq > 0n && !(await isThere(read, since)))
    return { ok: false, seq: since.seq, because: 'it is not the row that was noted' };
  for (;;) {
    const rows = await read.rows<ChainedRow>(
      `SELECT seq::text, ${instant('recorded_at')}, ${instant('acted_at')}, source, act_id::text, coalesce(actor_id::text, '') AS actor_id,
              action, coalesce(about, '') AS about, coalesce(address, '') AS address, coalesce(request_id, '') AS request_id,
              encode(previous_hash, 'hex') AS previous_hash, encode(hash, 'hex') AS hash
       FROM audit_log WHERE seq > $1 ORDER BY audit_log.seq LIMIT $2`,
      [head.seq, pageRows],
    );
    const checked = followChain(head, rows);
    if (!checked.ok) return checked;
    const met = rows.find(({ seq }) => known !== undefined && BigInt(seq) === known.seq);
    if (met !== undefined && met.hash !== known?.hash)
      return { ok: false, seq: BigInt(met.seq), because: 'it is not the row that was noted' };
    head = checked.head;
    if (rows.length < pageRows) break;
  }
  if (known !== undefined && known.seq > head.seq)
    return { ok: false, seq: head.seq + 1n, because: 'the row is missing, and all after it' };
  return { ok: true, head };
}

const isThere = async (read: Sql, { seq, hash }: Head): Promise<boolean> =>
  (await read.rows(`SELECT 1 FROM audit_log WHERE seq = $1 AND encode(hash, 'hex') = $2`, [seq, hash])).length === 1;
