import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tables } from './decision-rows.ts';
import { decisions } from './decisions.ts';

test('R1 M7: the table has a row for each of the 21 statuses of a purchase and the 4 of a payout, and a cell for each expectation', () => {
  const [document = ''] = decisions().values();
  const rows = document.split('\n').filter((line) => /^\| `[a-z_]+` \|/.test(line));
  const counted = new Map<string, number>();
  for (const row of rows) counted.set(row.split('`')[1] ?? '', (counted.get(row.split('`')[1] ?? '') ?? 0) + 1);
  expect(counted.size).toBe(24); // `pending`, `success` and `initialized` are a payout's alone; `error` is both's
  expect(new Set([...counted].map(([word, n]) => (word === 'error' ? n / 2 : n)))).toEqual(new Set([2]));
  for (const { title, columns, rows: of } of tables)
    expect([title, of.length * columns.length > 0]).toEqual([title, true]);
});

test('R1: the table in the docs is what the code decides', () => {
  for (const [file, content] of decisions()) expect(readFileSync(file, 'utf8'), 'npm run generate').toBe(content);
});
