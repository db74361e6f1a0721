import type { ExportSource } from './export-rows.ts';

/** One object: the rows as `data`, then their count and sums. It only parses when all of it came. */
export async function* jsonOf({ batches, count, summary }: ExportSource): AsyncGenerator<string> {
  yield '{"data":[';
  let first = true;
  for await (const batch of batches) {
    const text = batch.map((row) => JSON.stringify(row)).join(',\n');
    if (text === '') continue;
    yield first ? `\n${text}` : `,\n${text}`;
    first = false;
  }
  yield `\n],"count":${count},"summary":${JSON.stringify(summary())}}\n`;
}
