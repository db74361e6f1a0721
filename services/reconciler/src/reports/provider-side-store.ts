import type { Sql } from '#libs/db';
import type { MoveKind } from './observed-move.ts';
import type { Statement, StatementLine } from './report.ts';
import type { DayBounds } from './report-day.ts';

/** A move as the store has it. */
export interface KnownMove {
  kind: MoveKind;
  objectId: string;
  reference: string;
  currency: string;
  amountMinor: bigint;
  feeMinor: bigint;
  movedAt: Date;
  isRead: boolean;
}

/** A line with the day of its statement. */
type DatedLine = StatementLine & { day: string };

/** What one transaction may do with Revio's side of a report. */
export interface ProviderSideTx {
  /** Until the end of the transaction nobody else imports a statement of this day. */
  lockStatementsOf(day: string): Promise<void>;
  insertStatement(statement: Statement, lines: readonly StatementLine[]): Promise<void>;
  /** The latest of the day. */
  statementOf(day: string): Promise<Statement | null>;
  linesOf(statementId: string): Promise<StatementLine[]>;
  /** What the latest statements of other days say of these objects. */
  linesElsewhere(objectIds: readonly string[], otherThan: string): Promise<DatedLine[]>;
  /** Those of these days that a statement was imported for. */
  daysWithStatement(days: readonly string[]): Promise<string[]>;
  currenciesSeen(): Promise<string[]>;

  movesIn(bounds: DayBounds, limit: number): Promise<KnownMove[]>;
  movesOfObjects(objectIds: readonly string[]): Promise<KnownMove[]>;
  /** The sum of all that Revio moved before the day: by its statements, and where there is none by what we have read. */
  openingOf(currency: string, day: string, from: Date, zone: string): Promise<bigint>;

  /** The payouts that these transactions were to be paid by. */
  objectsOfTransactions(transactionIds: readonly string[]): Promise<{ transactionId: string; objectId: string }[]>;
  transactionsOfObjects(objectIds: readonly string[]): Promise<{ transactionId: string; objectId: string }[]>;
  /** The last word of Revio's on objects that moved nothing. */
  statusesOf(objectIds: readonly string[]): Promise<{ objectId: string; status: string }[]>;
  /** Objects, or refunds and chargebacks, that a verdict stands for already: their posting is on its way. */
  decidedAmong(objectIds: readonly string[]): Promise<string[]>;
  casesAbout(objectIds: readonly string[], transactionIds: readonly string[]): Promise<KnownCase[]>;
}

export interface KnownCase {
  id: string;
  cause: string;
  about: string;
  objectId: string | null;
  transactionId: string | null;
  /** And says something of what moved: a debt is about what followed. */
  isOpen: boolean;
}

const statementColumns = `id, day, content_hash AS "contentHash", lines, imported_by AS "importedBy",
  imported_at AS "importedAt"`;
const lineColumns = `line.line, line.kind, line.object_id AS "objectId", line.reference, line.currency,
  line.gross_minor AS "grossMinor", line.fee_minor AS "feeMinor", line.status, line.at`;
const moveColumns = `kind, object_id AS "objectId", reference, currency, amount_minor AS "amountMinor",
  fee_minor AS "feeMinor", moved_at AS "movedAt", is_read AS "isRead"`;

const latest = (where: string) =>
  `SELECT DISTINCT ON (day) id, day FROM statements ${where} ORDER BY day, sequence DESC`;
/** As `compareDay` signs them. */
const signOf = (kind: string) => `CASE WHEN ${kind} IN ('deposit', 'payout_return') THEN 1 ELSE -1 END`;

const OPENING = `
  WITH latest AS (${latest('WHERE day < $2')})
  SELECT (
    (SELECT coalesce(sum(${signOf('line.kind')} * line.gross_minor), 0)
     FROM latest JOIN statement_lines line ON line.statement_id = latest.id
     WHERE line.currency = $1 AND line.status = 'settled' AND line.kind <> 'fee')
    + (SELECT coalesce(sum(${signOf('kind')} * amount_minor), 0) FROM observed_moves
       WHERE moved_at < $3 AND currency = $1
         AND NOT EXISTS (SELECT FROM latest WHERE latest.day = (observed_moves.moved_at AT TIME ZONE $4)::date))
  )::bigint AS minor`;

export const postgresProviderSide = (sql: Sql): ProviderSideTx => ({
  ...statements(sql),
  ...knowledge(sql),
  movesIn: ({ from, until }, limit) =>
    sql.rows(
      `SELECT ${moveColumns} FROM observed_moves WHERE moved_at >= $1 AND moved_at < $2 ORDER BY moved_at LIMIT $3`,
      [from, until, limit],
    ),
  movesOfObjects: (objectIds) =>
    sql.rows(`SELECT ${moveColumns} FROM observed_moves WHERE object_id = ANY ($1)`, [objectIds]),
  openingOf: async (currency, day, from, zone) => {
    const [row] = await sql.rows<{ minor: bigint }>(OPENING, [currency, day, from, zone]);
    return row?.minor ?? 0n;
  },
});

type Statements = Pick<
  ProviderSideTx,
  | 'lockStatementsOf'
  | 'insertStatement'
  | 'statementOf'
  | 'linesOf'
  | 'linesElsewhere'
  | 'daysWithStatement'
  | 'currenciesSeen'
>;

const INSERT_LINES = `
  INSERT INTO statement_lines (statement_id, line, kind, object_id, reference, currency, gross_minor, fee_minor, status, at)
  SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
    $10::timestamptz[])`;

function statements(sql: Sql): Statements {
  return {
    lockStatementsOf: async (day) => {
      await sql.rows(`SELECT pg_advisory_xact_lock(hashtextextended('statements of ' || $1, 0))`, [day]);
    },
    insertStatement: async ({ id, day, contentHash, importedBy, importedAt }, lines) => {
      await sql.run(
        `INSERT INTO statements (id, day, content_hash, lines, imported_by, imported_at) VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, day, contentHash, lines.length, importedBy, importedAt],
      );
      const column = <Value>(of: (line: StatementLine) => Value) => lines.map(of);
      await sql.run(INSERT_LINES, [
        id,
        column((each) => each.line),
        column((each) => each.kind),
        column((each) => each.objectId),
        column((each) => each.reference),
        column((each) => each.currency),
        column((each) => each.grossMinor),
        column((each) => each.feeMinor),
        column((each) => each.status),
        column((each) => each.at),
      ]);
    },
    statementOf: async (day) =>
      (
        await sql.rows<Statement>(
          `SELECT ${statementColumns} FROM statements WHERE day = $1 ORDER BY sequence DESC LIMIT 1`,
          [day],
        )
      )[0] ?? null,
    linesOf: (statementId) =>
      sql.rows(`SELECT ${lineColumns} FROM statement_lines line WHERE statement_id = $1 ORDER BY line`, [statementId]),
    linesElsewhere: (objectIds, otherThan) =>
      sql.rows(
        `WITH latest AS (${latest('WHERE day <> $2')})
         SELECT ${lineColumns}, latest.day FROM statement_lines line JOIN latest ON latest.id = line.statement_id
         WHERE line.object_id = ANY ($1) AND line.kind <> 'fee'`,
        [objectIds, otherThan],
      ),
    daysWithStatement: async (days) =>
      (await sql.rows<{ day: string }>('SELECT DISTINCT day FROM statements WHERE day = ANY ($1::date[])', [days])).map(
        ({ day }) => day,
      ),
    currenciesSeen: async () =>
      (
        await sql.rows<{ currency: string }>(
          'SELECT DISTINCT currency FROM observed_moves UNION SELECT DISTINCT currency::text FROM statement_lines',
        )
      ).map(({ currency }) => currency),
  };
}

type Knowledge = Pick<
  ProviderSideTx,
  'objectsOfTransactions' | 'transactionsOfObjects' | 'statusesOf' | 'decidedAmong' | 'casesAbout'
>;

function knowledge(sql: Sql): Knowledge {
  return {
    objectsOfTransactions: (transactionIds) =>
      sql.rows(
        `SELECT transaction_id AS "transactionId", object_id AS "objectId" FROM subjects
         WHERE transaction_id = ANY ($1) AND object_id IS NOT NULL`,
        [transactionIds],
      ),
    transactionsOfObjects: (objectIds) =>
      sql.rows(
        `SELECT transaction_id AS "transactionId", object_id AS "objectId" FROM objects
         WHERE object_id = ANY ($1) AND transaction_id IS NOT NULL`,
        [objectIds],
      ),
    statusesOf: (objectIds) =>
      sql.rows(
        `SELECT object_id AS "objectId", coalesce(read_status, last_status) AS status FROM objects
         WHERE object_id = ANY ($1) AND coalesce(read_status, last_status) IS NOT NULL`,
        [objectIds],
      ),
    decidedAmong: async (objectIds) =>
      (
        await sql.rows<{ id: string }>(
          `SELECT object_id AS id FROM verdicts WHERE object_id = ANY ($1) AND outcome IN ('settled', 'returned')
           UNION SELECT source_id FROM verdicts WHERE slot = 'reversal' AND source_id = ANY ($1)`,
          [objectIds],
        )
      ).map(({ id }) => id),
    casesAbout: (objectIds, transactionIds) =>
      sql.rows(
        `SELECT id, cause, about, object_id AS "objectId", transaction_id AS "transactionId",
           status IN ('open', 'in_review') AND cause <> 'user_in_debt' AS "isOpen"
         FROM cases WHERE object_id = ANY ($1) OR transaction_id = ANY ($2) ORDER BY opened_at, id`,
        [objectIds, transactionIds],
      ),
  };
}
