import { z } from 'zod';
import { serviceNames } from '#libs/contracts';
import type { Sql } from '#libs/db';

const pageMax = 100;
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** The newest first; `cursor` is the last page's `next_cursor`. */
export const auditQuery = z.strictObject({
  source: z.enum(serviceNames).optional(),
  actor_id: z.uuid().optional(),
  action: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/)
    .optional(),
  about: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/)
    .optional(),
  from: instant.optional(),
  to: instant.optional(),
  cursor: z
    .string()
    .regex(/^[1-9][0-9]{0,17}$/)
    .optional(),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/)
    .transform(Number)
    .pipe(z.number().max(pageMax))
    .default(50),
});

interface AuditRow {
  seq: bigint;
  recorded_at: Date;
  acted_at: Date;
  source: string;
  act_id: string;
  actor_id: string | null;
  action: string;
  about: string | null;
  address: string | null;
  request_id: string | null;
  hash: string;
}

/** A page of the audit log, as admins and support see it. By `seq`: what is appended meanwhile moves nothing. */
export async function readAudit(read: Sql, query: z.output<typeof auditQuery>) {
  const rows = await read.rows<AuditRow>(
    `SELECT seq, recorded_at, acted_at, source, act_id, actor_id, action, about, address, request_id, encode(hash, 'hex') AS hash
     FROM audit_log
     WHERE ($1::text IS NULL OR source = $1) AND ($2::uuid IS NULL OR actor_id = $2) AND ($3::text IS NULL OR action = $3)
       AND ($4::text IS NULL OR about = $4) AND ($5::timestamptz IS NULL OR recorded_at >= $5)
       AND ($6::timestamptz IS NULL OR recorded_at < $6) AND ($7::bigint IS NULL OR seq < $7)
     ORDER BY seq DESC LIMIT $8`,
    [
      query.source ?? null,
      query.actor_id ?? null,
      query.action ?? null,
      query.about ?? null,
      query.from ?? null,
      query.to ?? null,
      query.cursor ?? null,
      query.limit + 1,
    ],
  );
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    data: page.map(auditResource),
    next_cursor: rows.length > query.limit && last !== undefined ? String(last.seq) : null,
  };
}

const auditResource = ({ seq, recorded_at, acted_at, ...row }: AuditRow) => ({
  seq: String(seq),
  recorded_at: recorded_at.toISOString(),
  acted_at: acted_at.toISOString(),
  ...row,
});
