import { currencies, exponentOf } from '#libs/money';
import type { Position } from './cursor.ts';
import type { Filters, Order, ShownStatus } from './filters.ts';

/** A statement made at run time: only the values are the client's, every word of the text is ours. */
export interface Statement {
  text: string;
  values: unknown[];
}

type Bind = (value: unknown) => string;

/** What the rows must fulfil. `ids`: what a search found; null without one. */
function conditions(filters: Filters, ids: readonly string[] | null, bind: Bind): string[] {
  const { userId, types, statuses, from, before, currency, minThousandths, maxThousandths } = filters;
  const { createdAt, instant, amountMinor } = expressionsFor(filters);
  return [
    ...(userId === null ? [] : [`user_id = ${bind(userId)}`]),
    ...(ids === null ? [] : [`id = ANY(${bind(ids)})`]),
    ...(types === null ? [] : [oneOf('kind', types, bind)]),
    ...(statuses === null ? [] : [oneOf('status', statuses.flatMap(stored), bind)]),
    ...(from === null ? [] : [`${createdAt} >= ${instant(bind(from))}`]),
    ...(before === null ? [] : [`${createdAt} < ${instant(bind(before))}`]),
    ...(currency === null ? [] : [`currency = ${bind(currency)}`]),
    ...(minThousandths === null ? [] : [`${amountMinor} >= ${bound(minThousandths, 'up', filters, bind)}`]),
    ...(maxThousandths === null ? [] : [`${amountMinor} <= ${bound(maxThousandths, 'down', filters, bind)}`]),
  ];
}

/** One word is compared by `=`: only then does an index that begins with it give its rows in order. */
const oneOf = (column: string, words: readonly string[], bind: Bind): string =>
  words.length === 1 ? `${column} = ${bind(words[0])}` : `${column} = ANY(${bind(words)})`;

const stored = (status: ShownStatus): string[] => (status === 'processing' ? ['processing', 'voiding'] : [status]);

/** In minor units: one number where the currency is named, else each transaction is compared in its own currency. */
function bound(thousandths: bigint, round: 'up' | 'down', { currency }: Filters, bind: Bind): string {
  const minor = (exponent: number): bigint => {
    const divisor = 10n ** BigInt(3 - exponent);
    return (thousandths + (round === 'up' ? divisor - 1n : 0n)) / divisor;
  };
  if (currency !== null) return `${bind(minor(exponentOf(currency)))}::bigint`;
  const cases = [0, 3].map(
    (exponent) =>
      `WHEN currency = ANY(${bind(currencies.filter((each) => exponentOf(each) === exponent))}) THEN ${bind(minor(exponent))}::bigint`,
  );
  return `CASE ${cases.join(' ')} ELSE ${bind(minor(2))}::bigint END`;
}

/**
 * One user's rows are in the order of the bare columns, everybody's in that of expressions of the same worth. So the planner cannot look
 * for one user's rows among everybody's (docs/history.md says what that cost).
 */
const expressionsFor = ({ userId }: Filters) =>
  userId === null
    ? {
        createdAt: `(created_at AT TIME ZONE 'UTC')`,
        instant: (value: string) => `(${value}::timestamptz AT TIME ZONE 'UTC')`,
        amountMinor: '(amount_minor + 0)',
      }
    : { createdAt: 'created_at', instant: (value: string) => value, amountMinor: 'amount_minor' };

function sortOf(filters: Filters, { sort }: Order) {
  const { createdAt, instant, amountMinor } = expressionsFor(filters);
  const keys = sort === 'created_at' ? [createdAt, 'id'] : ['currency', amountMinor, 'id'];
  const position = (at: Position, bind: Bind): string[] =>
    'createdAt' in at
      ? [instant(bind(at.createdAt)), bind(at.id)]
      : [bind(at.currency), bind(at.amountMinor), bind(at.id)];
  return { keys, position };
}

export interface Slice {
  filters: Filters;
  ids: readonly string[] | null;
  order: Order;
  limit: number;
  after: Position | null;
  offset: number;
}

function started(filters: Filters, ids: readonly string[] | null) {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  return { values, bind, where: conditions(filters, ids, bind) };
}

const whereOf = (where: readonly string[]): string => (where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`);

/** A page or a batch: from the sort key on, never by skipping, except for the numbered pages. */
export function sliceStatement(selected: string, { filters, ids, order, limit, after, offset }: Slice): Statement {
  const { values, bind, where } = started(filters, ids);
  const { keys, position } = sortOf(filters, order);
  if (after !== null) {
    const side = order.order === 'asc' ? '>' : '<';
    where.push(`(${keys.join(', ')}) ${side} (${position(after, bind).join(', ')})`);
  }
  const by = keys.map((key) => `${key} ${order.order}`).join(', ');
  const skip = offset === 0 ? '' : ` OFFSET ${bind(offset)}`;
  const text = `SELECT ${selected} FROM transactions ${whereOf(where)} ORDER BY ${by} LIMIT ${bind(limit)}${skip}`;
  return { text, values };
}

/** How many there are, counted no further than `max`; null counts all. */
export function countStatement(filters: Filters, ids: readonly string[] | null, max: number | null): Statement {
  const { values, bind, where } = started(filters, ids);
  const limit = max === null ? '' : ` LIMIT ${bind(max)}`;
  return { text: `SELECT count(*) FROM (SELECT 1 FROM transactions ${whereOf(where)}${limit}) AS counted`, values };
}

/** What moved, by currency and kind. Read from the index alone for one user. */
export function sumsStatement(filters: Filters, ids: readonly string[] | null): Statement {
  const { values, where } = started(filters, ids);
  const text = `SELECT currency, kind, reversal, sum(amount_minor)::text AS sum FROM transactions
    ${whereOf([...where, `status = 'completed'`])} GROUP BY currency, kind, reversal`;
  return { text, values };
}
