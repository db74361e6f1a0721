import type { Filters, Order } from '../../services/payments/src/history/filters.ts';
import {
  countStatement,
  type Statement,
  sliceStatement,
  sumsStatement,
} from '../../services/payments/src/history/history-sql.ts';
import { pagedRowsMax } from '../../services/payments/src/history/read-query.ts';
import { unsealedTransaction } from '../../services/payments/src/transaction/transaction-store.postgres.ts';
import type { Subjects } from './history-data.ts';

export interface Read {
  name: string;
  statement: Statement;
}

const everything: Filters = {
  userId: null,
  types: null,
  statuses: null,
  from: null,
  before: null,
  currency: null,
  minThousandths: null,
  maxThousandths: null,
  search: null,
};
const newest: Order = { sort: 'created_at', order: 'desc' };
const largest: Order = { sort: 'amount', order: 'desc' };
const perPage = 20;

/** The very statements of the service, as the clients' queries make them. */
export function historyReads({ someone, giant, sleeper }: Subjects): Read[] {
  const page = (filters: Partial<Filters>, order: Order, at: { createdAt?: Date; offset?: number } = {}): Statement =>
    sliceStatement(unsealedTransaction, {
      filters: { ...everything, ...filters },
      ids: null,
      order,
      limit: perPage + 1,
      after: at.createdAt === undefined ? null : { createdAt: at.createdAt, id: 'wd_' },
      offset: at.offset ?? 0,
    });
  const middle = new Date('2025-05-15T00:00:00Z');
  const ofGiant = { userId: giant };
  return [
    { name: 'a user’s newest page', statement: page({ userId: someone }, newest) },
    { name: 'the giant’s newest page', statement: page(ofGiant, newest) },
    { name: 'the giant’s page in the middle, by cursor', statement: page(ofGiant, newest, { createdAt: middle }) },
    { name: 'the giant’s page number 500', statement: page(ofGiant, newest, { offset: 9_980 }) },
    { name: 'the newest page of one who has been quiet for years', statement: page({ userId: sleeper }, newest) },
    {
      name: 'the giant’s cancelled deposits',
      statement: page({ ...ofGiant, types: ['deposit'], statuses: ['cancelled'] }, newest),
    },
    {
      name: 'the giant’s expired ones, of which there are none',
      statement: page({ ...ofGiant, statuses: ['expired'] }, newest),
    },
    { name: 'the giant’s largest', statement: page(ofGiant, largest) },
    {
      name: 'the giant’s, above 49 999.00',
      statement: page({ ...ofGiant, currency: 'ZAR', minThousandths: 49_999_000n }, newest),
    },
    {
      name: 'the giant’s total, counted to the cap',
      statement: countStatement({ ...everything, ...ofGiant }, null, pagedRowsMax + 1),
    },
    { name: 'a user’s sums', statement: sumsStatement({ ...everything, userId: someone }, null) },
    { name: 'the giant’s sums', statement: sumsStatement({ ...everything, ...ofGiant }, null) },
    { name: 'support: the newest of all', statement: page({}, newest) },
    { name: 'support: the pending of all', statement: page({ statuses: ['pending'] }, newest) },
    { name: 'support: the largest of all', statement: page({}, largest) },
    {
      name: 'support: total of all, counted to the cap',
      statement: countStatement(everything, null, pagedRowsMax + 1),
    },
  ];
}
