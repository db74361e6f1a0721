import { paidMinor } from './purchase-shape.ts';
import type { Books } from './state.ts';

/**
 * What a provider writes down of a day, from the ground truth. No statement of Revio's is documented, so the form is the one that the
 * reconciler imports (docs/reports.md).
 */

/** What can be wrong with a statement, one thing at a time. */
export const STATEMENT_WRONGS = [
  'missing_line',
  'extra_line',
  'other_amount',
  'other_status',
  'duplicate_line',
  'other_currency',
  'fee_line',
] as const;
export type StatementWrong = (typeof STATEMENT_WRONGS)[number];

export type StatementInput = {
  /** Unix seconds: from the first up to, but without, the second. The day that the lines are put under is the caller's affair. */
  from: number;
  until: number;
  wrong?: StatementWrong | undefined;
  /** The line that is wrong: of this object. The first of all unless it is named. */
  id?: string | undefined;
};

type Line = {
  atS: number;
  type: 'deposit' | 'payout' | 'refund' | 'chargeback' | 'payout_return' | 'fee';
  objectId: string;
  reference: string;
  currency: string;
  grossMinor: number;
  feeMinor: number;
  status: string;
};

const HEAD = 'at,type,object_id,reference,currency,gross,fee,status';
/** What is wrong by amount is wrong by this much: a change that no rounding explains. */
const WRONG_BY_MINOR = 100;

export function statementOf(books: Books, { from, until, wrong, id }: StatementInput): string {
  const lines = linesOf(books)
    .filter(({ atS }) => atS >= from && atS < until)
    .sort((a, b) => a.atS - b.atS || (a.objectId < b.objectId ? -1 : 1));
  const shown = wrong === undefined ? lines : spoiled(lines, wrong, id, from);
  return [HEAD, ...shown.map(textOf), ''].join('\r\n');
}

function linesOf(books: Books): Line[] {
  const lines: Line[] = [];
  for (const purchase of books.purchases.values()) {
    // Marked as paid by hand: no money came in, so no statement has it.
    if (purchase.paid === null || purchase.markedAsPaid) continue;
    const { request, paid } = purchase;
    lines.push({
      atS: paid.atS,
      type: 'deposit',
      objectId: purchase.id,
      reference: request.reference,
      currency: request.purchase.currency,
      grossMinor: paidMinor(purchase),
      feeMinor: paid.feeMinor,
      status: 'settled',
    });
  }
  for (const payment of books.payments.values()) {
    const request = books.purchases.get(payment.purchaseId)?.request;
    if (request === undefined) continue;
    lines.push({
      atS: payment.createdAtS,
      type: payment.type,
      objectId: payment.id,
      reference: request.reference,
      currency: request.purchase.currency,
      grossMinor: payment.amountMinor,
      feeMinor: 0,
      status: 'settled',
    });
  }
  for (const payout of books.payouts.values()) {
    if (payout.paidAtS === null) continue;
    const paidOut: Line = {
      atS: payout.paidAtS,
      type: 'payout',
      objectId: payout.id,
      reference: payout.request.reference,
      currency: payout.request.payment.currency,
      grossMinor: payout.request.payment.amount,
      feeMinor: 0,
      status: 'settled',
    };
    lines.push(paidOut);
    if (payout.failure?.by === 'return') lines.push({ ...paidOut, type: 'payout_return', atS: payout.updatedAtS });
  }
  return lines;
}

function spoiled(lines: readonly Line[], wrong: StatementWrong, id: string | undefined, atS: number): Line[] {
  const at = id === undefined ? 0 : lines.findIndex(({ objectId }) => objectId === id);
  const own: Line = {
    atS,
    type: wrong === 'fee_line' ? 'fee' : 'deposit',
    objectId: `extra-${wrong}`,
    reference: '',
    currency: 'ZAR',
    grossMinor: WRONG_BY_MINOR,
    feeMinor: 0,
    status: 'settled',
  };
  if (wrong === 'extra_line' || wrong === 'fee_line') return [...lines, own];
  const line = lines[at];
  if (line === undefined) throw new Error('the statement has no such line');
  const others = { before: lines.slice(0, at), after: lines.slice(at + 1) };
  const inPlace: Record<Exclude<StatementWrong, 'extra_line' | 'fee_line'>, Line[]> = {
    missing_line: [],
    duplicate_line: [line, line],
    other_amount: [{ ...line, grossMinor: line.grossMinor + WRONG_BY_MINOR }],
    other_status: [{ ...line, status: 'failed' }],
    other_currency: [{ ...line, currency: line.currency === 'USD' ? 'ZAR' : 'USD' }],
  };
  return [...others.before, ...inPlace[wrong], ...others.after];
}

/** Fields of ours need no quotes but the reference, which a merchant chooses. Two decimals: all currencies here have them. */
const textOf = ({ atS, type, objectId, reference, currency, grossMinor, feeMinor, status }: Line): string =>
  [
    new Date(atS * 1000).toISOString(),
    type,
    objectId,
    /[",\r\n]/.test(reference) ? `"${reference.replaceAll('"', '""')}"` : reference,
    currency,
    decimal(grossMinor),
    decimal(feeMinor),
    status,
  ].join(',');

const decimal = (minor: number): string => `${Math.trunc(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
