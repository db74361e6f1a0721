import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { mutated } from './apply-mutant.ts';
import { mutants } from './mutants.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('there are fifteen deliberate breaks, and `npm run mutants` can still make each of them', () => {
  expect(mutants).toHaveLength(15);
  for (const mutant of mutants) expect(mutated(root, mutant).size).toBeGreaterThan(0);
});

test('the tests that must see them exist', () => {
  for (const { name, tests, named = '' } of mutants)
    for (const file of tests) expect(fs.readFileSync(path.join(root, file), 'utf8'), name).toContain(named);
});

test('a break that no longer fits is told, and not left out', () => {
  const [mutant] = mutants;
  const edits = [{ file: 'README.md', from: 'a sentence that is not there', to: '' }];
  expect(() => mutant && mutated(root, { ...mutant, edits })).toThrow('README.md has 0 of');
});
