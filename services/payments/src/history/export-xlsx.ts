import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { type ExportRow, type ExportSource, exportColumns } from './export-rows.ts';

/** Of Excel's format; the header takes one. More rows go on the next sheet. */
const sheetRowsMax = 1_048_576;
const dataRowsMax = sheetRowsMax - 1;
/** Amounts are numbers, so that they can be added up; up to 15 digits a spreadsheet keeps them exact, and ours have at most 13. */
const numberColumns: ReadonlySet<string> = new Set(['amount', 'money_in', 'money_out']);

/**
 * An .xlsx, written as it goes: a ZIP (yazl) of a few fixed parts and one XML stream per sheet. The well-known writers keep a whole sheet in
 * memory or are no longer kept up; the part of the format that a table of texts and numbers needs is this file. Texts are inline
 * strings, which no spreadsheet takes for formulas.
 */
export async function* xlsxOf(source: ExportSource, rowsPerSheet: number = dataRowsMax): AsyncGenerator<Buffer> {
  const sheets = Math.max(1, Math.ceil(source.count / rowsPerSheet));
  const zip = new ZipFile();
  const rows = rowsIn(source.batches);
  const streams: Readable[] = [];
  const add = (name: string, open: () => AsyncIterable<string>): void => {
    zip.addReadStreamLazy(name, { compress: true }, (opened) => {
      const stream = Readable.from(open(), { objectMode: false });
      streams.push(stream);
      opened(null, stream);
    });
  };
  const fixed = (name: string, text: string): void => zip.addBuffer(Buffer.from(head + text), name);

  fixed('[Content_Types].xml', contentTypes(sheets + 1));
  fixed('_rels/.rels', relations([['officeDocument', 'xl/workbook.xml']]));
  fixed('xl/workbook.xml', workbook(sheets));
  const sheetParts = numbers(sheets + 1).map((n) => ['worksheet', `worksheets/sheet${n}.xml`] as const);
  fixed('xl/_rels/workbook.xml.rels', relations([...sheetParts, ['styles', 'styles.xml']]));
  fixed('xl/styles.xml', styles);
  for (const n of numbers(sheets)) add(`xl/worksheets/sheet${n}.xml`, () => tableSheet(rows, rowsPerSheet));
  add(`xl/worksheets/sheet${sheets + 1}.xml`, () => summarySheet(source));
  zip.end();

  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } finally {
    // Whoever stops reading stops the rows too.
    for (const stream of streams) stream.destroy();
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Hands the rows out by the sheetful; a batch that does not fit any more begins the next sheet. */
function rowsIn(batches: AsyncIterable<ExportRow[]>): (max: number) => AsyncGenerator<ExportRow[]> {
  const more = batches[Symbol.asyncIterator]();
  let left: ExportRow[] = [];
  return async function* take(max) {
    for (let taken = 0; taken < max; ) {
      if (left.length === 0) {
        const next = await more.next();
        if (next.done === true) return;
        left = next.value;
      }
      const part = left.splice(0, max - taken);
      taken += part.length;
      yield part;
    }
  };
}

type Rows = ReturnType<typeof rowsIn>;

const tableSheet = (rows: Rows, max: number): AsyncGenerator<string> => sheet(exportColumns, lines(rows, max));

async function* lines(rows: Rows, max: number): AsyncGenerator<string> {
  for await (const part of rows(max)) {
    yield part.map((row) => line(exportColumns.map((column) => cell(row[column], numberColumns.has(column))))).join('');
  }
}

/** Opened last, when the sums are known. */
async function* summarySheet({ count, summary }: ExportSource): AsyncGenerator<string> {
  const sums = summary().map(({ currency, deposited, withdrawn, net }) =>
    line([cell(currency, false), cell(deposited, true), cell(withdrawn, true), cell(net, true)]),
  );
  const counted = line([cell('transactions', false), cell(String(count), true)]);
  yield* sheet(['currency', 'deposited', 'withdrawn', 'net'], [...sums, counted]);
}

async function* sheet(columns: readonly string[], body: AsyncIterable<string> | string[]): AsyncGenerator<string> {
  yield `${head}<worksheet xmlns="${spreadsheet}"><sheetData>${line(columns.map((column) => cell(column, false)))}`;
  yield* body;
  yield '</sheetData></worksheet>';
}

const line = (cells: readonly string[]): string => `<row>${cells.join('')}</row>`;

function cell(value: string | null, isNumber: boolean): string {
  if (value === null) return '<c/>';
  if (!isNumber) return `<c t="inlineStr"><is><t>${escaped(value)}</t></is></c>`;
  return `<c s="${value.includes('.') ? (value.split('.')[1]?.length ?? 0) : 0}"><v>${value}</v></c>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Control characters cannot be in XML at all, not even escaped. */
const escaped = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '').replaceAll(/[&<>]/g, (each) => entities[each] ?? each);

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const spreadsheet = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const officeRelations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageNames = 'http://schemas.openxmlformats.org/package/2006';
const partType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** A style's number is how many decimals it shows. */
const styles = `<styleSheet xmlns="${spreadsheet}"><numFmts count="2"><numFmt numFmtId="164" formatCode="0.0"/><numFmt numFmtId="165" formatCode="0.000"/></numFmts><fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">${[0, 164, 2, 165].map((format) => `<xf numFmtId="${format}" xfId="0" applyNumberFormat="1"/>`).join('')}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;

const contentTypes = (sheets: number): string =>
  `<Types xmlns="${packageNames}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${partType}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${partType}.styles+xml"/>${numbers(
    sheets,
  )
    .map((n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${partType}.worksheet+xml"/>`)
    .join('')}</Types>`;

const relations = (targets: readonly (readonly [type: string, target: string])[]): string =>
  `<Relationships xmlns="${packageNames}/relationships">${targets
    .map(
      ([type, target], index) =>
        `<Relationship Id="rId${index + 1}" Type="${officeRelations}/${type}" Target="${target}"/>`,
    )
    .join('')}</Relationships>`;

function workbook(tables: number): string {
  const names = [...numbers(tables).map((n) => (n === 1 ? 'Transactions' : `Transactions ${n}`)), 'Summary'];
  const sheets = names.map((name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`);
  return `<workbook xmlns="${spreadsheet}" xmlns:r="${officeRelations}"><sheets>${sheets.join('')}</sheets></workbook>`;
}
