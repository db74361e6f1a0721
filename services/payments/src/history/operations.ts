import { z } from 'zod';
import { currency, samples, shownAmount, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { depositSample, shownId, shownTransaction, transactionFields } from '../transaction/shown-transaction.ts';
import type { exportColumns } from './export-rows.ts';
import { describedAdminListQuery, exportQuery, listQuery } from './read-query.ts';

const pagination = z
  .object({
    per_page: z.int(),
    next_cursor: z.string().nullable().meta({ description: 'Send it as `cursor`; null at the end.' }),
    page: z.int().optional(),
    total: z.int().optional().meta({ description: 'Counted up to 10 000. Not said behind a cursor.' }),
    total_is_exact: z.boolean().optional().meta({ description: 'False: there are more than `total`.' }),
    total_pages: z.int().optional(),
  })
  .meta({ id: 'Pagination' });
const summary = z.array(z.object({ currency, deposited: shownAmount, withdrawn: shownAmount, net: shownAmount })).meta({
  id: 'HistorySummary',
  description:
    'What the completed transactions of the whole list moved, by currency. Refunds and chargebacks lower `deposited`, returned payouts lower `withdrawn`.',
});
const step = z.object({
  status: transactionFields.status,
  reason: transactionFields.reason,
  at: shownAt,
  text: z.string().meta({ description: 'The same for people.' }),
});
const webhookEvent = {
  type: z.string().nullable().meta({ description: 'Revio’s name of the event.' }),
  received_at: shownAt.nullable(),
  outcome: z.enum(['applied', 'ignored', 'parked', 'case']).nullable(),
  text: z.string(),
};
const reversals = z.array(
  z.object({
    id: shownId,
    reversal: z.enum(['refund', 'chargeback', 'payout_return']).nullable(),
    amount: shownAmount,
    currency,
    created_at: shownAt,
  }),
);
const moved = shownAmount.nullable().meta({ description: 'What it did to the wallet; null until it is completed.' });
const exportRow = z
  .object({
    id: shownId,
    type: transactionFields.type,
    status: transactionFields.status,
    reason: transactionFields.reason,
    amount: shownAmount,
    currency,
    money_in: moved,
    money_out: moved,
    created_at: shownAt,
    updated_at: shownAt,
    reversal_of: shownId.nullable(),
    reversal: z.enum(['refund', 'chargeback', 'payout_return']).nullable(),
  } satisfies Record<(typeof exportColumns)[number], z.ZodType>)
  .meta({ id: 'ExportedTransaction' });
const whose = { user_id: shownUuid, user_email: z.string().nullable() };
const details = z
  .object({ ...transactionFields, timeline: z.array(step), webhook_events: z.array(z.object(webhookEvent)), reversals })
  .meta({ id: 'TransactionDetails' });
const adminDetails = z
  .object({
    ...whose,
    ...transactionFields,
    provider: z.object({
      purchase_id: z.string().nullable(),
      payout_id: z.string().nullable(),
      reversal_source_id: z.string().nullable(),
      payouts: z.array(z.object({ id: z.string(), created_at: shownAt, dead_at: shownAt.nullable() })),
    }),
    work: z
      .object({
        status: z.string(),
        next_step: z.string().nullable(),
        attempts: z.int(),
        leased_until: shownAt.nullable(),
        reserved_at: shownAt.nullable(),
        execute_sent_at: shownAt.nullable(),
      })
      .meta({ description: 'How far the workers are with it.' }),
    timeline: z.array(step),
    webhook_events: z.array(z.object({ delivery_id: shownUuid, ...webhookEvent, reason: z.string().nullable() })),
    reversals,
  })
  .meta({ id: 'AdminTransactionDetails' });

const { at } = samples;
const onePage = { per_page: 20, next_cursor: null, page: 1, total: 1, total_is_exact: true, total_pages: 1 } as const;
const sums = [{ currency: 'ZAR', deposited: '150.00', withdrawn: '0.00', net: '150.00' }] as const;
const exportSample = {
  id: samples.depositId,
  type: 'deposit',
  status: 'completed',
  reason: null,
  amount: '150.00',
  currency: 'ZAR',
  money_in: '150.00',
  money_out: null,
  created_at: at,
  updated_at: at,
  reversal_of: null,
  reversal: null,
} as const;
const told = {
  timeline: [{ status: 'pending', reason: null, at, text: 'Waiting for the payment.' }],
  webhook_events: [
    { type: 'purchase.paid', received_at: at, outcome: 'applied', text: 'It changed how things stand.' },
  ],
  reversals: [],
} as const;
const userSample = { user_id: samples.userId, user_email: samples.email } as const;

const howToPage =
  'Follow `next_cursor` to read all of it: transactions that come meanwhile neither shift nor hide any. Pages by number reach 10 000 transactions. `date_from` and `date_to` are RFC 3339 times or days of Africa/Johannesburg, both included. Amounts without a currency are compared in each transaction’s own. `search` finds the beginning of an id (from its eighth character on), Revio’s purchase, payout or refund id, the Idempotency-Key, and what turns a transaction back.';

export const historyOperations: readonly Operation[] = [
  {
    id: 'listTransactions',
    method: 'GET',
    path: '/transactions',
    tag: 'Transactions',
    summary: 'Your transactions, newest first',
    description: `Filtered, sorted, page by page, with sums. ${howToPage}`,
    access: 'user',
    query: listQuery,
    answers: {
      200: {
        description: 'A page',
        schema: z.object({ data: z.array(shownTransaction), pagination, summary: summary.optional() }),
      },
    },
    problems: ['cursor_invalid', 'query_too_broad'],
    examples: [
      {
        name: 'Completed deposits of a month',
        query: { type: 'deposit', status: 'completed', date_from: '2026-11-01', date_to: '2026-11-30' },
        status: 200,
        answer: { data: [{ ...depositSample, status: 'completed' }], pagination: onePage, summary: sums },
      },
      { name: 'A parameter that does not exist', query: { colour: 'blue' }, status: 400 },
      { name: 'A cursor of our own making', query: { cursor: 'abc' }, status: 400 },
    ],
  },
  {
    id: 'exportTransactions',
    method: 'GET',
    path: '/transactions/export',
    tag: 'Transactions',
    summary: 'Your transactions as a file',
    description:
      'All that the filters let through, as `csv` (RFC 4180, safe from formulas), `xlsx` or `json`, in one snapshot. The sums stand at the end; a file without them was cut short.',
    access: 'user',
    query: exportQuery,
    answers: {
      200: {
        description: 'The file, as an attachment, in the format that was asked for',
        type: ['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
        schema: z.object({
          data: z.array(exportRow),
          count: z.int().meta({ description: 'How many rows stand in `data`.' }),
          summary,
        }),
      },
    },
    problems: ['query_too_broad', 'overloaded'],
    examples: [
      { name: 'Everything as csv', query: { format: 'csv' }, status: 200 },
      {
        name: 'Deposits of at most 150.00 as JSON',
        query: { format: 'json', type: 'deposit', max_amount: '150.00' },
        status: 200,
        answer: { data: [exportSample], count: 1, summary: sums },
      },
      { name: 'Everything as a spreadsheet', query: { format: 'xlsx' }, status: 200 },
      { name: 'A format that we do not write', query: { format: 'pdf' }, status: 422 },
    ],
  },
  {
    id: 'readTransaction',
    method: 'GET',
    path: '/transactions/:id',
    tag: 'Transactions',
    summary: 'A transaction with its story',
    description: 'Each status with when and why, Revio’s webhook events about it, and what turned it back.',
    access: 'user',
    params: { id: shownId },
    answers: { 200: { description: 'The transaction', schema: details } },
    problems: ['transaction_not_found'],
    examples: [
      { name: 'A deposit', params: { id: samples.depositId }, status: 200, answer: { ...depositSample, ...told } },
    ],
  },
  {
    id: 'listAllTransactions',
    method: 'GET',
    path: '/admin/transactions',
    tag: 'People',
    summary: 'Transactions of all users, newest first',
    description: `The same list across users, or of the one that \`user_id\` or \`user_email\` names. Sums come unasked only for one user, or with \`summary=true\`. ${howToPage}`,
    access: 'staff',
    query: describedAdminListQuery,
    answers: {
      200: {
        description: 'A page',
        schema: z.object({
          data: z.array(z.object({ ...whose, ...transactionFields })),
          pagination,
          summary: summary.optional(),
        }),
      },
    },
    problems: ['cursor_invalid', 'query_too_broad'],
    examples: [
      {
        name: 'Of one user',
        query: { user_email: samples.email },
        status: 200,
        answer: { data: [{ ...userSample, ...depositSample }], pagination: onePage, summary: sums },
      },
    ],
  },
  {
    id: 'readAnyTransaction',
    method: 'GET',
    path: '/admin/transactions/:id',
    tag: 'People',
    summary: 'Anybody’s transaction, with the provider’s ids and how far the work is',
    access: 'staff',
    params: { id: shownId },
    answers: { 200: { description: 'The transaction', schema: adminDetails } },
    problems: ['transaction_not_found'],
    examples: [
      {
        name: 'A deposit',
        params: { id: samples.depositId },
        status: 200,
        answer: {
          ...userSample,
          ...depositSample,
          provider: { purchase_id: 'pur_1', payout_id: null, reversal_source_id: null, payouts: [] },
          work: {
            status: 'pending',
            next_step: null,
            attempts: 0,
            leased_until: null,
            reserved_at: null,
            execute_sent_at: null,
          },
          timeline: told.timeline,
          webhook_events: [{ delivery_id: samples.deliveryId, ...told.webhook_events[0], reason: 'paid' }],
          reversals: [],
        },
      },
    ],
  },
];
