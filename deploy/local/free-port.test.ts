import { expect, test, vi } from 'vitest';
import { claimBlockOf, freePort, isFree } from './free-port.ts';

/** Its own copy of the module is what another process has: nothing is shared but the kernel's ports. */
async function anotherProcess(): Promise<typeof import('./free-port.ts')> {
  vi.resetModules();
  return import('./free-port.ts');
}

test('processes that choose ports at the same time choose different ones, before anybody listens', async () => {
  const processes = await Promise.all([anotherProcess(), anotherProcess(), anotherProcess()]);
  const chosen = await Promise.all(processes.flatMap((one) => Array.from({ length: 60 }, () => one.freePort())));
  expect(new Set(chosen).size).toBe(180);
  expect(await Promise.all(chosen.map(isFree))).not.toContain(false);
});

test("a port of another process's block is not taken over, one of our own is", async () => {
  const port = await freePort();
  const other = await anotherProcess();
  expect(await other.claimBlockOf(port)).toBe(false);
  expect(await claimBlockOf(port)).toBe(true);
  expect(await claimBlockOf(8080)).toBe(true);
});
