import fs from 'node:fs';
import path from 'node:path';
import type { Mutant } from './mutants.ts';

/** The files of the checkout in `root` as the mutant has them, by path. Throws where an edit does not fit exactly once. */
export function mutated(root: string, { name, edits }: Mutant): Map<string, string> {
  const files = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const parts = (files.get(file) ?? fs.readFileSync(path.join(root, file), 'utf8')).split(from);
    if (parts.length !== 2) throw new Error(`${name}: ${file} has ${parts.length - 1} of ${JSON.stringify(from)}`);
    files.set(file, parts.join(to));
  }
  return files;
}
