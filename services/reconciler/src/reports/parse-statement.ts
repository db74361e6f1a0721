import { createHash } from 'node:crypto';
import { type Currency, isCurrency, parseAmount } from '#libs/money';
import type { StatementLine } from './report.ts';
import { dayOf } from './report-day.ts';

/** One thing wrong with a file. Never with the value: a file may hold what must not be repeated in answers and logs. */
export interface StatementMistake {
  line: number;
  column: string;
  problem: string;
}

type Parsed = { ok: true; lines: StatementLine[] } | { ok: false; mistakes: StatementMistake[] };

/**
 * The form is ours: no statement of Revio's is documented (docs/reports.md). One line per movement, RFC 4180, UTF-8, in this order.
 * `gross` and `fee` are decimal strings without a sign: the type says which way the money went.
 */
export const statementColumns = ['at', 'type', 'object_id', 'reference', 'currency', 'gross', 'fee', 'status'] as const;

/** Far beyond a day of one brand; what is larger is another file. */
const statementLinesMax = 20_000;
/** Enough to see what kind of file it is. */
const mistakesMax = 20;

const kinds: Record<string, StatementLine['kind']> = {
  deposit: 'deposit',
  payout: 'withdrawal',
  refund: 'reversal',
  chargeback: 'reversal',
  payout_return: 'payout_return',
  fee: 'fee',
};

/** All of the file or nothing: what is in one line wrong may be wrong in all. */
export function parseStatement(csv: string, { day, zone }: { day: string; zone: string }): Parsed {
  const rows = csv.replace(/\r?\n$/, '').split(/\r?\n/);
  if (rows[0] !== statementColumns.join(','))
    return refused([{ line: 1, column: '', problem: `must be ${statementColumns.join(',')}` }]);
  if (rows.length - 1 > statementLinesMax)
    return refused([
      { line: statementLinesMax + 2, column: '', problem: `must not be there: ${statementLinesMax} lines at most` },
    ]);
  const mistakes: StatementMistake[] = [];
  const lines: StatementLine[] = [];
  for (const [index, row] of rows.slice(1).entries()) {
    const read = readLine(row, index + 2, { day, zone });
    if ('mistakes' in read) mistakes.push(...read.mistakes);
    else lines.push(read);
    if (mistakes.length >= mistakesMax) break;
  }
  return mistakes.length > 0 ? refused(mistakes) : { ok: true, lines };
}

/** The same file of the same day is the same statement, however often it is sent. */
export const statementHash = (day: string, csv: string): string =>
  createHash('sha256').update(`${day}\n${csv}`).digest('hex');

const refused = (mistakes: StatementMistake[]): Parsed => ({ ok: false, mistakes: mistakes.slice(0, mistakesMax) });

/** A field is bare or in quotes, with quotes doubled inside (RFC 4180). None of ours holds a line break. */
const fieldForm = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

function fieldsOf(row: string): string[] | null {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    fieldForm.lastIndex = at;
    const match = fieldForm.exec(row);
    if (match === null) return null;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return fields;
    at = fieldForm.lastIndex;
  }
}

type Place = { day: string; zone: string };

function readLine(row: string, line: number, place: Place): StatementLine | { mistakes: StatementMistake[] } {
  const fields = fieldsOf(row);
  if (fields === null)
    return { mistakes: [{ line, column: '', problem: 'must be fields parted by commas, quoted whole' }] };
  if (fields.length !== statementColumns.length)
    return { mistakes: [{ line, column: '', problem: `must have ${statementColumns.length} fields` }] };
  const [at = '', type = '', objectId = '', reference = '', code = '', gross = '', fee = '', status = ''] = fields;
  const mistakes: StatementMistake[] = [];
  const expect = (holds: boolean, column: string, problem: string): void => {
    if (!holds) mistakes.push({ line, column, problem });
  };
  expect(isInstant(at), 'at', 'must be a time in UTC such as 2026-11-22T10:00:00Z');
  expect(!isInstant(at) || dayOf(new Date(at), place.zone) === place.day, 'at', 'must be of the day of the statement');
  expect(Object.hasOwn(kinds, type), 'type', `must be one of ${Object.keys(kinds).join(', ')}`);
  expect(/^[A-Za-z0-9_-]{1,128}$/.test(objectId), 'object_id', 'must be an id');
  expect(/^[^\p{Cc}\p{Cs}]{0,128}$/u.test(reference), 'reference', 'must be at most 128 printable characters');
  expect(isCurrency(code), 'currency', 'must be a currency that wallets hold');
  expect(/^[a-z][a-z_]{0,31}$/.test(status), 'status', 'must be a word such as settled');
  const [grossMinor, feeMinor] = isCurrency(code) ? [minorOf(gross, code), minorOf(fee, code)] : [0n, 0n];
  expect(grossMinor !== null, 'gross', 'must be an amount such as 150.00, with no more decimals than the currency has');
  expect(feeMinor !== null, 'fee', 'must be an amount such as 4.35, with no more decimals than the currency has');
  const kind = kinds[type];
  if (mistakes.length > 0 || kind === undefined || !isCurrency(code) || grossMinor === null || feeMinor === null)
    return { mistakes };
  return { line, kind, objectId, reference, currency: code, grossMinor, feeMinor, status, at: new Date(at) };
}

const isInstant = (text: string): boolean =>
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z$/.test(text) && !Number.isNaN(Date.parse(text));

/** Zero is an amount here: of a fee it is the usual one. */
function minorOf(text: string, currency: Currency): bigint | null {
  const parsed = parseAmount(text, currency);
  if (parsed.ok) return parsed.amountMinor;
  return parsed.refusal === 'not_positive' ? 0n : null;
}
