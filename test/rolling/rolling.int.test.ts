import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { serviceNames } from '../../deploy/local/databases.ts';
import type { Client } from '../system/client.ts';
import { launchStack, type Stack } from '../system/launch-stack.ts';
import { balancerLines } from './balancer-page.ts';
import { restartReplica } from './restart-replica.ts';
import { startStrictLoad } from './strict-load.ts';

/**
 * O2 F10: two replicas of everything behind the balancer, and every process replaced while people use it. Among the other tests each is
 * replaced once, the first replica of all services together and then the second; `npm run rolling -- --minutes 10` goes on, one at a time.
 */
const minutes = Number(process.env['ROLLING_MINUTES'] ?? 0);
const users = 4;
const endTimeoutMs = 180_000;

let stack: Stack;
beforeAll(async () => {
  const scale = serviceNames.map((service) => `${service}=2`).join(',');
  stack = await launchStack({ RATE_LIMITS_ENFORCED: 'false', DB_POOL_MAX: '5' }, ['--scale', scale]);
}, 240_000);
afterAll(() => stack?.close(), 120_000);

async function replaceAll(): Promise<number> {
  for (const n of [0, 1]) await Promise.all(serviceNames.map((service) => restartReplica(stack, service, n)));
  let replaced = 2 * serviceNames.length;
  for (const until = Date.now() + minutes * 60_000; Date.now() < until; replaced += 1) {
    const service = serviceNames[replaced % serviceNames.length] ?? 'gateway';
    await restartReplica(stack, service, Math.floor(replaced / serviceNames.length) % 2);
  }
  return replaced;
}

const hasEnded = async ({ user, id }: { user: Client; id: string }): Promise<boolean> =>
  ['completed', 'failed'].includes((await user.transaction(id)).body.status);

test(
  'O2 F10: every replica of every service is replaced under load: no accepted request is lost, nobody is answered 5xx',
  async () => {
    const people: Client[] = [];
    for (let n = 0; n < users; n++) people.push(await stack.funded('100.00'));
    const load = startStrictLoad(stack, people);
    const replaced = await replaceAll();
    await load.stop();

    const lines = await balancerLines(stack);
    const fronts = lines.filter(({ server }) => server === 'FRONTEND');
    const perReplica = lines.filter(({ server }) => /-[12]$/.test(server));
    process.stdout.write(
      `rolling: ${replaced} processes replaced under ${load.answers()} answers, ${load.accepted.length} transactions accepted\n` +
        `  requests per replica: ${perReplica.map(({ server, requests }) => `${server} ${requests}`).join(', ')}\n`,
    );
    expect(load.broken).toEqual([]);
    expect(fronts.filter(({ answers5xx }) => answers5xx > 0)).toEqual([]);
    expect(load.accepted.length).toBeGreaterThan(users);
    // Nobody asks the reconciler for anything here: it lives on messages.
    const asked = perReplica.filter(({ service }) => service !== 'reconciler');
    expect(asked.filter(({ requests }) => requests === 0)).toEqual([]);
    for (const one of load.accepted) await poll(() => hasEnded(one), { timeoutMs: endTimeoutMs, intervalMs: 200 });
    await stack.assertPromises();
  },
  minutes * 60_000 + 600_000,
);
