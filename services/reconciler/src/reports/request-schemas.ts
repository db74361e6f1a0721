import { z } from 'zod';
import { currency } from '#libs/contracts';
import { isDay } from './report-day.ts';

const results = ['matched', 'missing_here', 'missing_there', 'amount', 'currency', 'status', 'ours_alone'] as const;

export const reportDay = z
  .string()
  .refine(isDay, 'Must be a day such as 2026-11-22')
  .meta({ format: 'date', description: 'A day of the report’s time zone.' });

export const reportParams = z.object({ day: reportDay, currency });

const wholeNumber = z.string().regex(/^[0-9]{1,9}$/, 'Must be a whole number');
const version = wholeNumber.transform(Number).optional();

/** As many items as one answer holds: some 400 kB. */
export const itemsMax = 1_000;

export const reportQuery = z.strictObject({
  version,
  result: z.enum(results).optional(),
  after: wholeNumber.transform(Number).optional().meta({ description: '`next_after` of the page before.' }),
});
export const reportExportQuery = z.strictObject({ version });

/** A line has some 120 characters; 20 000 of them fit. */
export const statementBytesMax = 4 * 1024 * 1024;

export const statementBody = z.strictObject({
  day: reportDay,
  csv: z
    .string()
    .max(statementBytesMax)
    .meta({ description: 'The file, UTF-8, RFC 4180; its columns are in docs/reports.md.' }),
});
