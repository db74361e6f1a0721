import { type Currency, formatAmount, isCurrency } from '#libs/money';
import type { Report, ReportRun, Statement } from './report.ts';
import type { ReportItem } from './report-store.ts';

/** What support and admins are shown: decimal strings, signed as what a wallet gained or lost. */

/** Revio may name a currency that no wallet holds; its minor units then stay as they came. */
export const shownMoney = (minor: bigint, currency: string): string =>
  isCurrency(currency) ? formatAmount(minor, currency) : minor.toString();

type SidesOf = { ours: string; theirs: string };

export function shownReport(report: Report) {
  const { currency, totals } = report;
  const sides = (of: SidesOf) => shownSides(of, currency);
  const { lines } = totals;
  return {
    day: report.day,
    currency,
    version: report.version,
    time_zone: report.zone,
    from: report.from.toISOString(),
    until: report.until.toISOString(),
    taken_at: report.takenAt.toISOString(),
    final: report.isFinal,
    statement_id: report.statementId,
    unread: report.unread,
    opening: sides(totals.opening),
    deposits: sides(lines.deposit),
    withdrawals: sides(lines.withdrawal),
    reversals: sides(lines.reversal),
    payout_returns: sides(lines.payout_return),
    adjustments: sides(lines.adjustment),
    closing: sides(totals.closing),
    fees: formatAmount(BigInt(totals.fees), currency),
    cut_off: formatAmount(BigInt(totals.cut_off), currency),
    unexplained: formatAmount(BigInt(totals.unexplained), currency),
    counts: { ...noCounts, ...totals.counts },
  };
}

const noCounts = { matched: 0, missing_here: 0, missing_there: 0, amount: 0, currency: 0, status: 0, ours_alone: 0 };

const shownSides = ({ ours, theirs }: SidesOf, currency: Currency) => ({
  ours: formatAmount(BigInt(ours), currency),
  theirs: formatAmount(BigInt(theirs), currency),
  difference: formatAmount(BigInt(ours) - BigInt(theirs), currency),
});

export const shownItem = (item: ReportItem, currency: Currency) => ({
  line: item.line,
  result: item.result,
  kind: item.kind,
  object_id: item.objectId,
  transaction_id: item.transactionId,
  reference: item.reference,
  ours:
    item.ourMinor === null || item.ourCurrency === null
      ? null
      : {
          amount: shownMoney(item.ourMinor, item.ourCurrency),
          currency: item.ourCurrency,
          at: item.ourAt?.toISOString() ?? null,
          on_day: item.ourDay,
        },
  theirs:
    item.theirMinor === null || item.theirCurrency === null
      ? null
      : {
          amount: shownMoney(signedTheirs(item), item.theirCurrency),
          currency: item.theirCurrency,
          status: item.theirStatus,
          at: item.theirAt?.toISOString() ?? null,
          on_day: item.theirDay,
          told_by: item.toldBy,
        },
  difference: formatAmount(item.differenceMinor, currency),
  case_id: item.caseId,
});

/** As the ledger signs it, whatever its status: an amount that failed is still that of a payout. */
export const signedTheirs = ({ kind, theirMinor }: ReportItem): bigint =>
  kind === 'withdrawal' || kind === 'reversal' ? -(theirMinor ?? 0n) : (theirMinor ?? 0n);

export const shownRun = ({ id, day, currency, cause, requestedAt, state, attempts, failure }: ReportRun) => ({
  id,
  day,
  currency,
  cause,
  requested_at: requestedAt.toISOString(),
  state,
  attempts,
  failure,
});

export const shownStatement = ({ id, day, contentHash, lines, importedBy, importedAt }: Statement) => ({
  id,
  day,
  content_hash: contentHash,
  lines,
  imported_by: importedBy,
  imported_at: importedAt.toISOString(),
});
