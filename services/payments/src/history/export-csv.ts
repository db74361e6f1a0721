import { stringify } from 'csv-stringify/sync';
import { type ExportSource, exportColumns } from './export-rows.ts';

/**
 * RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe before it (`escape_formulas`); amounts have no sign, since
 * money in and money out are columns of their own.
 */
const options = { escape_formulas: true, record_delimiter: '\r\n', columns: [...exportColumns] };
/** Only `net` can be negative, and a minus before digits is a number. */
const signed = (value: string) => ({ value, escape_formulas: false });

/** The last lines are sums by currency, typed `total_…`: a file without them is not whole, though every line of it may be. */
export async function* csvOf({ batches, summary }: ExportSource): AsyncGenerator<string> {
  yield stringify([[...exportColumns]], { record_delimiter: '\r\n' });
  for await (const batch of batches) yield stringify(batch, options);
  const totals = summary().flatMap(({ currency, deposited, withdrawn, net }) =>
    Object.entries({ total_deposited: deposited, total_withdrawn: withdrawn, total_net: net }).map(
      ([type, amount]) => ({ type, amount: { sum: amount }, currency }),
    ),
  );
  yield stringify(totals, { ...options, cast: { object: (value) => signed((value as { sum: string }).sum) } });
}
