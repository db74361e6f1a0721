import { createHash } from 'node:crypto';

/** One row as `append_audit` hashed it: texts, empty where the column is null, instants in UTC with microseconds. */
export interface ChainedRow {
  seq: string;
  recorded_at: string;
  acted_at: string;
  source: string;
  act_id: string;
  actor_id: string;
  action: string;
  about: string;
  address: string;
  request_id: string;
  previous_hash: string;
  hash: string;
}

export interface Head {
  seq: bigint;
  hash: string;
}

export const emptyChain: Head = { seq: 0n, hash: createHash('sha256').digest('hex') };

const hashOf = (row: ChainedRow): string =>
  createHash('sha256')
    .update(
      [
        row.previous_hash,
        row.seq,
        row.recorded_at,
        row.acted_at,
        row.source,
        row.act_id,
        row.actor_id,
        row.action,
        row.about,
        row.address,
        row.request_id,
      ].join('\n'),
    )
    .digest('hex');

export type Checked = { ok: true; head: Head } | { ok: false; seq: bigint; because: string };

/** Follows the chain from `head` over `rows`, which come in the order of `seq`; stops at the first row that does not fit. */
export function followChain(head: Head, rows: readonly ChainedRow[]): Checked {
  let last = head;
  for (const row of rows) {
    const seq = BigInt(row.seq);
    if (seq !== last.seq + 1n) return { ok: false, seq: last.seq + 1n, because: 'the row is missing' };
    if (row.previous_hash !== last.hash) return { ok: false, seq, because: 'it does not follow the row before it' };
    if (row.hash !== hashOf(row)) return { ok: false, seq, because: 'it was changed after it was written' };
    last = { seq, hash: row.hash };
  }
  return { ok: true, head: last };
}
