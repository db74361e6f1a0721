import type { Sql } from '#libs/db';
import type { Currency } from '#libs/money';
import type { Item, Result } from './compare-day.ts';
import type { Report } from './report.ts';

/** An item as it was written down. `line` is its place in the report, from 1. */
export interface ReportItem {
  line: number;
  result: Result;
  kind: string;
  objectId: string;
  transactionId: string | null;
  reference: string | null;
  ourCurrency: string | null;
  ourMinor: bigint | null;
  ourAt: Date | null;
  /** Whether our side counts for this day; null without one. */
  ourDay: boolean | null;
  theirCurrency: string | null;
  theirMinor: bigint | null;
  theirStatus: string | null;
  theirAt: Date | null;
  theirDay: boolean | null;
  toldBy: string | null;
  differenceMinor: bigint;
  caseId: string | null;
}

/** What one transaction may do with finished reports. */
export interface ReportTx {
  /** As the next version of its day and currency, which it returns. */
  insertReport(report: Omit<Report, 'version'>, items: readonly ReportItem[]): Promise<number>;
  /** The latest of each day and currency, the latest day first. */
  listReports(limit: number): Promise<Report[]>;
  /** The latest unless a version is named. */
  findReport(day: string, currency: Currency, version?: number): Promise<Report | null>;
  pageItems(reportId: string, after: number, limit: number, result?: Result): Promise<ReportItem[]>;
}

/** The item as a row; what it is about is the object, whichever side names it. */
export function rowOf(
  { result, ours, theirs, differenceMinor }: Item,
  line: number,
  caseId: string | null,
): ReportItem {
  const side = ours ?? theirs;
  if (side === null) throw new Error('an item of neither side');
  return {
    line,
    result,
    kind: side.kind,
    objectId: side.objectId,
    transactionId: ours?.transactionId ?? null,
    reference: theirs?.reference ?? null,
    ourCurrency: ours?.currency ?? null,
    ourMinor: ours?.amountMinor ?? null,
    ourAt: ours?.at ?? null,
    ourDay: ours?.onDay ?? null,
    theirCurrency: theirs?.currency ?? null,
    theirMinor: theirs?.amountMinor ?? null,
    theirStatus: theirs?.status ?? null,
    theirAt: theirs?.at ?? null,
    theirDay: theirs?.onDay ?? null,
    toldBy: theirs?.from ?? null,
    differenceMinor,
    caseId,
  };
}

const reportColumns = `id, run_id AS "runId", day, currency, version, zone, from_at AS "from", until_at AS "until",
  taken_at AS "takenAt", is_final AS "isFinal", statement_id AS "statementId", unread, totals`;

const INSERT_REPORT = `
  INSERT INTO reports (id, run_id, day, currency, version, zone, from_at, until_at, taken_at, is_final, statement_id, unread,
    totals)
  SELECT $1, $2, $3::date, $4::char(3), coalesce(max(version), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12
  FROM reports WHERE day = $3::date AND currency = $4::char(3)
  RETURNING version`;

/** Columns of an item in the order of the table, with their types. */
const itemFields = [
  ['line', 'line', 'int'],
  ['result', 'result', 'text'],
  ['kind', 'kind', 'text'],
  ['objectId', 'object_id', 'text'],
  ['transactionId', 'transaction_id', 'text'],
  ['reference', 'reference', 'text'],
  ['ourCurrency', 'our_currency', 'text'],
  ['ourMinor', 'our_minor', 'bigint'],
  ['ourAt', 'our_at', 'timestamptz'],
  ['ourDay', 'our_day', 'boolean'],
  ['theirCurrency', 'their_currency', 'text'],
  ['theirMinor', 'their_minor', 'bigint'],
  ['theirStatus', 'their_status', 'text'],
  ['theirAt', 'their_at', 'timestamptz'],
  ['theirDay', 'their_day', 'boolean'],
  ['toldBy', 'told_by', 'text'],
  ['differenceMinor', 'difference_minor', 'bigint'],
  ['caseId', 'case_id', 'uuid'],
] as const satisfies readonly (readonly [keyof ReportItem, string, string])[];

const INSERT_ITEMS = `
  INSERT INTO report_items (report_id, ${itemFields.map(([, column]) => column).join(', ')})
  SELECT $1, * FROM unnest(${itemFields.map(([, , type], n) => `$${n + 2}::${type}[]`).join(', ')})`;
const itemColumns = itemFields.map(([field, column]) => `${column} AS "${field}"`).join(', ');

/** One statement carries this many: a few MB. */
const itemsPerInsert = 5_000;

export const postgresReports = (sql: Sql): ReportTx => ({
  insertReport: async (report, items) => {
    const { id, runId, day, currency, zone, from, until, takenAt, isFinal, statementId, unread, totals } = report;
    const head = [id, runId, day, currency, zone, from, until, takenAt, isFinal, statementId, unread];
    const [made] = await sql.rows<{ version: number }>(INSERT_REPORT, [...head, JSON.stringify(totals)]);
    if (made === undefined) throw new Error('a report was not written');
    for (let at = 0; at < items.length; at += itemsPerInsert) {
      const page = items.slice(at, at + itemsPerInsert);
      await sql.run(INSERT_ITEMS, [id, ...itemFields.map(([field]) => page.map((item) => item[field]))]);
    }
    return made.version;
  },
  listReports: (limit) =>
    sql.rows<Report>(
      `SELECT ${reportColumns} FROM reports report
       WHERE version = (SELECT max(version) FROM reports WHERE day = report.day AND currency = report.currency)
       ORDER BY day DESC, currency LIMIT $1`,
      [limit],
    ),
  findReport: async (day, currency, version) => {
    const [found] = await sql.rows<Report>(
      `SELECT ${reportColumns} FROM reports WHERE day = $1 AND currency = $2 AND ($3::int IS NULL OR version = $3)
       ORDER BY version DESC LIMIT 1`,
      [day, currency, version ?? null],
    );
    return found ?? null;
  },
  pageItems: (reportId, after, limit, result) =>
    sql.rows<ReportItem>(
      `SELECT ${itemColumns} FROM report_items
       WHERE report_id = $1 AND line > $2 AND ($4::text IS NULL OR result = $4) ORDER BY line LIMIT $3`,
      [reportId, after, limit, result ?? null],
    ),
});
