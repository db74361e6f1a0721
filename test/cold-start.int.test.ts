import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { serviceNames } from '#libs/contracts';
import { poll, type TcpProxy, tcpProxy } from '#libs/testing';
import type { Service } from '../deploy/local/databases.ts';
import { freePort } from '../deploy/local/free-port.ts';
import { type Client, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** O2: whatever is started first, all are ready within this time of the last thing that they need. */
const readyTimeoutMs = 30_000;

let system: System;
let toBroker: TcpProxy;
let user: Client;
const opsUrls = {} as Record<Service, string>;

beforeAll(async () => {
  toBroker = await tcpProxy(inject('amqpUrl'));
  const settings: Partial<Record<Service, Record<string, string>>> = {};
  for (const service of serviceNames) {
    const port = String(await freePort());
    opsUrls[service] = `http://127.0.0.1:${port}`;
    settings[service] = { OPS_PORT: port, AMQP_URL: toBroker.url };
  }
  system = await startSystem({ settings, farDatabases: serviceNames });
  user = await system.funded('100.00');
});
afterEach(() => system.assertPromises());
afterAll(async () => {
  await system?.close();
  await toBroker?.close();
});

async function readiness(service: Service): Promise<{ status: number; checks: Record<string, unknown> }> {
  const response = await fetch(`${opsUrls[service]}/readyz`);
  return { status: response.status, checks: ((await response.json()) as { checks: Record<string, unknown> }).checks };
}
const areReady = () =>
  poll(
    async () => {
      const all = await Promise.all(serviceNames.map(async (service) => ({ service, ...(await readiness(service)) })));
      const waiting = all.filter(({ status, checks }) => status !== 200 || checks['broker'] !== true);
      if (waiting.length > 0) throw new Error(JSON.stringify(waiting));
      return true;
    },
    { timeoutMs: readyTimeoutMs },
  );
const stopAll = () => Promise.all(serviceNames.map((service) => system.stop(service)));

/** Everything that moves money needs every service, both databases' ends of each message, and the broker. */
async function moneyMoves(begun?: string): Promise<void> {
  const id = begun ?? (await beginDeposit());
  system.simulator.control.pay({ reference: id });
  await poll(async () => (await user.transaction(id)).body.status === 'completed', { timeoutMs: readyTimeoutMs });
}
const beginDeposit = async (): Promise<string> => expectStatus(await user.deposit('5.00'), 201).body.id;

test('O2: each service becomes ready with none of the others there, so that any order of starting will do', async () => {
  await stopAll();
  for (const service of serviceNames) {
    await system.restart(service);
    expect(await readiness(service)).toMatchObject({ status: 200, checks: { database: true } });
    await system.stop(service);
  }
  for (const service of serviceNames.toReversed()) await system.restart(service);
  await areReady();
  await moneyMoves();
});

test.each(['the broker comes before the databases', 'the databases come before the broker'])(
  'O2 F5 F6: services that are there before anything else wait; %s',
  async (order) => {
    const databases = serviceNames.map((service) => system.toDatabase[service]);
    const databasesUp = () => Promise.all(databases.map((each) => each?.up()));
    await stopAll();
    await Promise.all([toBroker.down(), ...databases.map((each) => each?.down())]);
    const starting = Promise.all(serviceNames.map((service) => system.restart(service)));
    let begun: string | undefined;
    const brokerFirst = order.startsWith('the broker');
    if (brokerFirst) await toBroker.up();
    else await databasesUp();
    if (!brokerFirst) {
      await starting;
      // Degraded, not unready: what is told waits in the outbox, and a balancer goes on sending requests.
      for (const service of serviceNames) {
        expect(await readiness(service)).toEqual({
          status: 200,
          checks: expect.objectContaining({ database: true, broker: expect.stringContaining('outbox') }),
        });
      }
      begun = await beginDeposit();
    }
    await (brokerFirst ? databasesUp() : toBroker.up());
    await starting;
    await areReady();
    await moneyMoves(begun);
  },
);
