import { stringify } from 'csv-stringify/sync';
import { formatAmount } from '#libs/money';
import type { Report } from './report.ts';
import type { ReportItem } from './report-store.ts';
import { shownMoney, shownReport, signedTheirs } from './resources.ts';

/** In order. New ones come last: spreadsheets refer to columns by their place. */
const reportColumns = [
  'line',
  'result',
  'kind',
  'object_id',
  'transaction_id',
  'reference',
  'our_amount',
  'our_currency',
  'our_at',
  'our_day',
  'their_amount',
  'their_currency',
  'their_status',
  'their_at',
  'their_day',
  'told_by',
  'difference',
  'case_id',
] as const;

type Row = Partial<Record<(typeof reportColumns)[number], unknown>>;

/** An amount of ours: its minus is a sign, and no spreadsheet runs a number. */
class Amount {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe before it: a reference is what a stranger wrote. */
const written = (rows: Row[]): string =>
  stringify(rows, {
    columns: [...reportColumns],
    record_delimiter: '\r\n',
    escape_formulas: true,
    cast: {
      object: (value) => ({ value: (value as unknown as Amount).text, escape_formulas: false }),
      boolean: (value) => String(value),
    },
  });

/** The head, and the report's lines of totals, whose result is `total`. */
export function csvHead(report: Report): string {
  const { currency } = report;
  const { opening, deposits, withdrawals, reversals, payout_returns, adjustments, closing, ...rest } =
    shownReport(report);
  const lines = { opening, deposits, withdrawals, reversals, payout_returns, adjustments, closing };
  const totals: Row[] = Object.entries(lines).map(([kind, { ours, theirs, difference }]) => ({
    ...total(kind, difference),
    our_amount: new Amount(ours),
    our_currency: currency,
    their_amount: new Amount(theirs),
    their_currency: currency,
  }));
  const { fees, cut_off, unexplained } = rest;
  const fee: Row = { result: 'total', kind: 'fees', their_amount: new Amount(fees), their_currency: currency };
  const head = stringify([[...reportColumns]], { record_delimiter: '\r\n' });
  return head + written([...totals, fee, total('cut_off', cut_off), total('unexplained', unexplained)]);
}

const total = (kind: string, difference: string): Row => ({
  result: 'total',
  kind,
  difference: new Amount(difference),
});

export const csvItems = ({ currency }: Report, items: readonly ReportItem[]): string =>
  written(
    items.map((item) => ({
      line: item.line,
      result: item.result,
      kind: item.kind,
      object_id: item.objectId,
      transaction_id: item.transactionId,
      reference: item.reference,
      ...(item.ourMinor === null || item.ourCurrency === null
        ? {}
        : { our_amount: new Amount(shownMoney(item.ourMinor, item.ourCurrency)), our_currency: item.ourCurrency }),
      our_at: item.ourAt?.toISOString(),
      our_day: item.ourDay,
      ...(item.theirMinor === null || item.theirCurrency === null
        ? {}
        : {
            their_amount: new Amount(shownMoney(signedTheirs(item), item.theirCurrency)),
            their_currency: item.theirCurrency,
          }),
      their_status: item.theirStatus,
      their_at: item.theirAt?.toISOString(),
      their_day: item.theirDay,
      told_by: item.toldBy,
      difference: new Amount(formatAmount(item.differenceMinor, currency)),
      case_id: item.caseId,
    })),
  );
