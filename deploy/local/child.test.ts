import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-child-'));
const root = path.resolve(import.meta.dirname, '../..');

/** A server or helper that writes its process id down, so that the test can look for it afterwards. */
const program = path.join(dir, 'program');
/** One that does not hear the first signal, as RabbitMQ does not while its virtual machine boots. */
const deaf = path.join(dir, 'deaf');
const isUp = path.join(dir, 'is-up');

beforeAll(() => {
  // A launcher that can be killed is a process of its own, and Node 20 runs no TypeScript.
  const flags = ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--skipLibCheck'];
  const tsc = [path.join(root, 'node_modules/typescript/bin/tsc'), ...flags, '--outDir', dir];
  execFileSync(process.execPath, [...tsc, path.join(import.meta.dirname, 'child.ts')], { cwd: root });
  fs.writeFileSync(path.join(dir, 'package.json'), '{"type":"module"}');
  fs.writeFileSync(program, `#!/bin/sh\necho $$ > ${dir}/$$.pid\nexec sleep 300\n`, { mode: 0o755 });
  const deafAtFirst = `trap '' TERM\necho $$ > ${dir}/$$.pid\n: > ${isUp}\nsleep 0.5\ntrap - TERM\nexec sleep 300`;
  fs.writeFileSync(deaf, `#!/bin/sh\n${deafAtFirst}\n`, { mode: 0o755 });
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

/** Starts the server with its helper in a process that kills itself, as hard as can be, so many milliseconds later. */
const launcherKilledAfter = (ms: number) => launcherKilled(program, `setTimeout(kill, ${ms})`);
const launcherKilledOnceThereIs = (file: string, server: string) =>
  launcherKilled(server, `setInterval(() => fs.existsSync('${file}') && kill(), 5)`);

async function launcherKilled(server: string, then: string): Promise<void> {
  const script = `
    import fs from 'node:fs';
    import { serve } from '${dir}/child.js';
    const kill = () => process.kill(process.pid, 'SIGKILL');
    serve(['${server}'], { env: process.env, cwd: '/', signal: 'TERM', helper: ['${program}'] });
    ${then};`;
  await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' }), 'exit');
}

const running = (): string[] =>
  fs
    .readdirSync(dir)
    .filter((name) => name.endsWith('.pid'))
    .map((name) => `/proc/${Number.parseInt(name, 10)}/cmdline`)
    .filter((file) => fs.existsSync(file) && fs.readFileSync(file, 'utf8') !== ''); // a zombie has an empty one

test.runIf(fs.existsSync('/proc/self'))(
  'O1: a launcher killed at any moment leaves neither server nor helper',
  async () => {
    for (let ms = 0; ms < 20; ms++) await launcherKilledAfter(ms);
    await vi.waitFor(() => expect(running()).toEqual([]), { timeout: 10_000, interval: 50 });
    expect(fs.readdirSync(dir).filter((name) => name.endsWith('.pid'))).not.toEqual([]);
  },
);

test.runIf(fs.existsSync('/proc/self'))('O1: nor does one whose server did not hear the first signal', async () => {
  await launcherKilledOnceThereIs(isUp, deaf);
  await vi.waitFor(() => expect(running()).toEqual([]), { timeout: 10_000, interval: 50 });
});
