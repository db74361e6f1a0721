import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, '.github/workflows');

/** GitHub's own parser: what it would refuse before a job starts. */
async function mistakes(name: string, content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}

test('O5: GitHub’s own parser takes every workflow, and the scripts that they name exist', async () => {
  for (const name of fs.readdirSync(folder)) {
    const content = fs.readFileSync(path.join(folder, name), 'utf8');
    expect(await mistakes(name, content), name).toEqual([]);
    for (const [, script = ''] of content.matchAll(/run: (?:\.\/)?([.\w][\w./-]*\/[\w./-]+)/g)) {
      fs.accessSync(path.join(root, script), fs.constants.X_OK);
      execFileSync('bash', ['-n', path.join(root, script)]);
    }
  }
});

test('O5: the parser sees a key that does not exist', async () => {
  expect(await mistakes('wrong.yml', 'on: push\njobs: { a: { run-on: x, steps: [] } }')).not.toEqual([]);
});
