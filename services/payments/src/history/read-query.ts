import { z } from 'zod';
import { currency, userId } from '#libs/contracts';
import { type Currency, exponentOf } from '#libs/money';
import { type Filters, type Order, orders, shownStatuses, shownTypes, sorts } from './filters.ts';

/** A page that a screen shows; more is for the export. */
const perPageDefault = 20;
const perPageMax = 100;
/** Rows that page numbers reach: to skip rows they must be walked past. Further on goes the cursor, which skips nothing. */
export const pagedRowsMax = 10_000;
/**
 * The beginning of an id is looked up from here on: a type and eight characters, which are one second (a ULID begins with its time). Shorter ones
 * would name up to all rows of a table.
 */
const idBeginning = /^(dep|wd|rev)_[0-9A-HJKMNP-TV-Z]{8,26}$/;
const idTooShort = /^(dep|wd|rev)_.{0,7}$/;
/** The days of people here, as the limits count them: no daylight saving time, two hours before UTC all year. */
const dayOffset = '+02:00';

const issue = (ctx: z.RefinementCtx, name: string, code: string, message: string): void =>
  ctx.addIssue({ code: 'custom', path: name === '' ? [] : [name], params: { code }, message });

const oneOrMore = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z
    .string()
    .max(200)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(words)).min(1).max(words.length));

/** An instant with its offset, or a day. A day is one of Africa/Johannesburg, whole. */
const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'Must be a date (2026-01-31, a day of Africa/Johannesburg) or an RFC 3339 time with its offset',
  })
  .transform((text) => ({
    day: text.length === 10,
    at: new Date(text.length === 10 ? `${text}T00:00:00${dayOffset}` : text),
  }));

/** A bound, not an amount: zero is one. */
const bound = z
  .string()
  .max(24)
  .regex(/^(0|[1-9][0-9]{0,12})(\.[0-9]{1,3})?$/, 'Must be a decimal string such as "150.00"');

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, `Must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max));

const filterFields = {
  type: oneOrMore(shownTypes).optional(),
  status: oneOrMore(shownStatuses).optional(),
  date_from: moment.optional(),
  date_to: moment.optional(),
  currency: currency.optional(),
  min_amount: bound.optional(),
  max_amount: bound.optional(),
  search: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'Must be 1 to 255 visible ASCII characters')
    .optional(),
  sort: z.enum(sorts).default('created_at'),
  order: z.enum(orders).default('desc'),
};

const pageFields = {
  page: wholeNumber(1, pagedRowsMax).optional(),
  per_page: wholeNumber(1, perPageMax).default(perPageDefault),
  cursor: z.string().min(1).max(1_000).optional(),
  /** Deposited, withdrawn and net of all that the filters let through. */
  summary: z.enum(['true', 'false']).optional(),
};

const filtersShape = z.object(filterFields);
type Given = z.output<typeof filtersShape> & { user_id?: string | undefined };
type GivenPage = Given & z.output<z.ZodObject<typeof pageFields>>;

export interface ListQuery {
  filters: Omit<Filters, 'userId'> & { userId: string | null };
  order: Order;
  perPage: number;
  /** One of the two: a page by its number, which the first one is, or what follows a cursor. */
  at: { page: number } | { cursor: string };
  summary: boolean | null;
}

/** The query of the user's own list. */
export const listQuery = z.strictObject({ ...filterFields, ...pageFields }).transform(toList);
/** The same across users. */
export const adminListQuery = z
  .strictObject({ ...filterFields, ...pageFields, user_id: userId.optional() })
  .transform(toList);
/** What the gateway is asked with: it puts the user's id in the place of the e-mail. */
export const describedAdminListQuery = z.strictObject({
  ...filterFields,
  ...pageFields,
  user_id: userId.optional(),
  user_email: z.string().max(254).optional(),
});
/** Of an operation that has none. */
export const noQuery = z.strictObject({});
export const exportQuery = z
  .strictObject({ ...filterFields, format: z.enum(['csv', 'xlsx', 'json']).default('csv') })
  .transform((given, ctx) => ({ ...toFilters(given, ctx), format: given.format }));

function toList(given: GivenPage, ctx: z.RefinementCtx): ListQuery {
  const { page = 1, per_page: perPage, cursor, summary } = given;
  if (cursor !== undefined && given.page !== undefined) {
    issue(ctx, 'page', 'excludes_cursor', 'Comes with a number or after a cursor, not both');
  } else if (page > 1 && page * perPage > pagedRowsMax) {
    issue(ctx, 'page', 'too_deep', `Pages reach ${pagedRowsMax} transactions; follow next_cursor to go further`);
  }
  return {
    ...toFilters(given, ctx),
    perPage,
    at: cursor === undefined ? { page } : { cursor },
    summary: summary === undefined ? null : summary === 'true',
  };
}

function toFilters(given: Given, ctx: z.RefinementCtx): Pick<ListQuery, 'filters' | 'order'> {
  const { date_from: from, date_to: to, search } = given;
  const before = to === undefined ? null : new Date(to.at.getTime() + (to.day ? 86_400_000 : 1));
  if (from !== undefined && before !== null && from.at >= before) {
    issue(ctx, 'date_to', 'before_date_from', 'Ends before date_from begins');
  }
  const min = thousandths(given, 'min_amount', ctx);
  const max = thousandths(given, 'max_amount', ctx);
  if (min !== null && max !== null && min > max) issue(ctx, 'max_amount', 'below_min_amount', 'Is below min_amount');
  if (search !== undefined && idTooShort.test(search)) {
    issue(ctx, 'search', 'too_short', 'Give at least eight characters behind the underscore of an id');
  }
  return {
    filters: {
      userId: given.user_id ?? null,
      types: given.type ?? null,
      statuses: given.status ?? null,
      from: from?.at ?? null,
      before,
      currency: given.currency ?? null,
      minThousandths: min,
      maxThousandths: max,
      search: search ?? null,
    },
    order: { sort: given.sort, order: given.order },
  };
}

function thousandths(given: Given, name: 'min_amount' | 'max_amount', ctx: z.RefinementCtx): bigint | null {
  const text = given[name];
  if (text === undefined) return null;
  const [units = '', decimals = ''] = text.split('.');
  if (given.currency !== undefined && decimals.length > exponentOf(given.currency as Currency)) {
    issue(ctx, name, 'too_many_decimals', 'Has more decimals than the currency');
  }
  return BigInt(units + decimals.padEnd(3, '0'));
}

/** Whether a search may be the beginning of an id, all of it included. */
export const isIdBeginning = (search: string): boolean => idBeginning.test(search);
