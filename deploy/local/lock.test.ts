import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-lock-'));
const lockModule = path.join(import.meta.dirname, 'lock.mjs');
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

/** A process of its own that takes the lock, says whether it got it, and holds it until its stdin ends. */
function contender(file: string) {
  const script = `
    const { tryLock } = await import(${JSON.stringify(lockModule)});
    const release = tryLock(${JSON.stringify(file)});
    console.log(release === undefined ? 'busy' : 'mine');
    process.stdin.on('end', () => { release?.(); process.exit(0); }).resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, said: once(child.stdout, 'data').then(([data]) => String(data).trim()), exit: once(child, 'exit') };
}

test('of ten processes one gets the lock, and when it gives it back another can', async () => {
  const file = path.join(dir, 'ten');
  const ten = Array.from({ length: 10 }, () => contender(file));
  const said = await Promise.all(ten.map((one) => one.said));
  expect(said.filter((word) => word === 'mine')).toHaveLength(1);
  for (const { child } of ten) child.stdin.end();
  await Promise.all(ten.map((one) => one.exit));
  const next = contender(file);
  expect(await next.said).toBe('mine');
  next.child.stdin.end();
  await next.exit;
});

test('the lock of a killed process can be had', async () => {
  const file = path.join(dir, 'killed');
  const first = contender(file);
  expect(await first.said).toBe('mine');
  first.child.kill('SIGKILL');
  await first.exit;
  const next = contender(file);
  expect(await next.said).toBe('mine');
  next.child.stdin.end();
  await next.exit;
});

test('who saw a dead owner too late does not remove the lock of the next', async () => {
  const file = path.join(dir, 'late');
  const { removeDead } = (await import(lockModule)) as { removeDead: (file: string, owner: string) => void };
  fs.symlinkSync('4194300@1', file); // a number above any process's
  removeDead(file, '4194300@1');
  const next = contender(file);
  expect(await next.said).toBe('mine');
  removeDead(file, '4194300@1');
  expect(fs.readlinkSync(file)).toMatch(`${next.child.pid}@`);
  next.child.stdin.end();
  await next.exit;
});

test('a process that has the number of a dead owner is not taken for it', async () => {
  const file = path.join(dir, 'reused');
  fs.symlinkSync(`${process.pid}@1`, file);
  const next = contender(file);
  expect(await next.said).toBe('mine');
  next.child.stdin.end();
  await next.exit;
});
