import { z } from 'zod';
import { currency, samples, shownAmount, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { statementColumns } from './parse-statement.ts';
import { reportDay, reportExportQuery, reportQuery, statementBody } from './request-schemas.ts';

const { at } = samples;
const count = z.int().min(0);
const date = z.string().meta({ format: 'date' });

const sides = z.object({ ours: shownAmount, theirs: shownAmount, difference: shownAmount });
const reportFields = {
  day: date,
  currency,
  version: count.meta({ description: 'A new run makes a new version; those before it stay.' }),
  time_zone: z.string(),
  from: shownAt,
  until: shownAt,
  taken_at: shownAt,
  final: z.boolean().meta({ description: 'Whether the day was over. Before that the report ends when it was taken.' }),
  statement_id: shownUuid.nullable().meta({ description: 'The statement that spoke for Revio, if one was imported.' }),
  unread: count.meta({ description: 'Objects that should have been read at Revio first and could not be.' }),
  opening: sides,
  deposits: sides,
  withdrawals: sides,
  reversals: sides,
  payout_returns: sides,
  adjustments: sides,
  closing: sides,
  fees: shownAmount.meta({ description: 'What Revio kept. Reported, in no total.' }),
  cut_off: shownAmount.meta({ description: 'Of matched items that the two sides count on different days.' }),
  unexplained: shownAmount.meta({ description: 'The sum of the items that do not match.' }),
  counts: z.object({
    matched: count,
    missing_here: count,
    missing_there: count,
    amount: count,
    currency: count,
    status: count,
    ours_alone: count,
  }),
};
const money = { amount: shownAmount, currency: z.string(), at: shownAt.nullable(), on_day: z.boolean().nullable() };
const item = z.object({
  line: count,
  result: z.string().meta({ description: 'One of the words in `counts`.' }),
  kind: z.enum(['deposit', 'withdrawal', 'reversal', 'payout_return', 'adjustment']),
  object_id: z.string(),
  transaction_id: z.string().nullable(),
  reference: z.string().nullable(),
  ours: z.object(money).nullable(),
  theirs: z.object({ ...money, status: z.string().nullable(), told_by: z.string().nullable() }).nullable(),
  difference: shownAmount,
  case_id: shownUuid.nullable(),
});
const report = z.object(reportFields).meta({ id: 'DailyReport' });
const wholeReport = z
  .object({
    ...reportFields,
    items: z.array(item),
    next_after: count.nullable().meta({ description: 'Send it as `after` for the next page.' }),
  })
  .meta({ id: 'DailyReportWithItems' });
const run = z
  .object({
    id: shownUuid,
    day: date,
    currency,
    cause: z.string().meta({ description: '`schedule`, or the statement or request that asked for it.' }),
    requested_at: shownAt,
    state: z.enum(['wanted', 'failed']),
    attempts: count,
    failure: z.string().nullable(),
  })
  .meta({ id: 'ReportRun' });
const statement = z
  .object({
    id: shownUuid,
    day: date,
    content_hash: z.string(),
    lines: count,
    imported_by: shownUuid,
    imported_at: shownAt,
  })
  .meta({ id: 'ProviderStatement' });

const params = { day: reportDay, currency };
/** Before this system was: nobody has reported it, and nobody will. */
const longAgo = { day: '2001-01-01', currency: 'ZAR' };
const about = 'Days are of the configured time zone, Africa/Johannesburg unless set otherwise. See docs/reports.md.';

export const reportOperations: readonly Operation[] = [
  {
    id: 'listReports',
    method: 'GET',
    path: '/admin/reports',
    tag: 'People',
    summary: 'The latest daily reports, and those that are being made',
    description: about,
    access: 'staff',
    answers: {
      200: {
        description: 'The latest version of each day and currency, the latest day first',
        schema: z.object({ data: z.array(report), runs: z.array(run) }),
      },
    },
    examples: [{ name: 'All', status: 200, answer: { data: [], runs: [] } }],
  },
  {
    id: 'readReport',
    method: 'GET',
    path: '/admin/reports/:day/:currency',
    tag: 'People',
    summary: 'A day in one currency: the ledger beside Revio, item by item',
    description: `${about} Items that do not match come first.`,
    access: 'staff',
    params,
    query: reportQuery,
    answers: { 200: { description: 'The report with a page of its items', schema: wholeReport } },
    examples: [{ name: 'A day that nobody has reported', params: longAgo, status: 404 }],
  },
  {
    id: 'exportReport',
    method: 'GET',
    path: '/admin/reports/:day/:currency/export',
    tag: 'People',
    summary: 'The whole report as CSV (RFC 4180, safe from formulas)',
    access: 'staff',
    params,
    query: reportExportQuery,
    answers: { 200: { description: 'The file, as an attachment', type: 'text/csv' } },
    examples: [{ name: 'A day that nobody has reported', params: longAgo, status: 404 }],
  },
  {
    id: 'runReport',
    method: 'POST',
    path: '/admin/reports/:day/:currency/runs',
    tag: 'People',
    summary: 'Make a day’s report again',
    description:
      'Soon after there is a new version. Of the day that lasts it is a preliminary one, which opens no case.',
    access: 'admin',
    params,
    answers: {
      202: { description: 'It will be made', schema: z.object({ run_id: shownUuid, day: date, currency }) },
    },
    problems: ['day_not_begun'],
    examples: [
      {
        name: 'A day that is over',
        params: { day: '2026-11-22', currency: 'ZAR' },
        status: 202,
        answer: { run_id: samples.caseId, day: '2026-11-22', currency: 'ZAR' },
      },
      { name: 'A day to come', params: { day: '2999-01-01', currency: 'ZAR' }, status: 409 },
    ],
  },
  {
    id: 'importStatement',
    method: 'POST',
    path: '/admin/statements',
    tag: 'People',
    summary: 'Import Revio’s own list of a day',
    description: `The whole file or nothing. The same file again is the statement that is there (200). From then on it speaks for Revio, and a day that is over is reported anew. ${about}`,
    access: 'admin',
    body: statementBody,
    answers: {
      200: { description: 'It was imported before', schema: statement },
      201: { description: 'It is imported', schema: statement },
    },
    problems: ['statement_invalid'],
    examples: [
      {
        name: 'A day on which one deposit was paid',
        body: {
          day: '2026-11-22',
          csv: `${statementColumns.join(',')}\r\n2026-11-22T10:00:00Z,deposit,5f1c0a2e,,ZAR,150.00,4.35,settled\r\n`,
        },
        status: 201,
        answer: {
          id: samples.caseId,
          day: '2026-11-22',
          content_hash: samples.etag.slice(1, -1),
          lines: 1,
          imported_by: samples.adminId,
          imported_at: at,
        },
      },
      { name: 'Another kind of file', body: { day: '2026-11-22', csv: 'date,amount\n' }, status: 422 },
    ],
  },
];
