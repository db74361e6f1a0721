import { type AddressInfo, createServer } from 'node:net';
import express from 'express';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { listensTo } from '#libs/contracts';
import { leasesSchema, over } from '#libs/db';
import { type Handlers, messagingSchema, postgresMessages, pruningSchema, storySchema } from '#libs/messaging';
import { type BaseConfig, baseConfig, loadConfig, newUuid } from '#libs/runtime';
import { amqpPrefix, type FreshDatabase, freshDatabase, poll } from '#libs/testing';
import { type Platform, type RunningService, runService, type Wiring } from '../index.ts';

class Messaging1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${messagingSchema} ${storySchema} ${leasesSchema}; ${pruningSchema('webhooks_service')}`);
    await runner.query(`
      GRANT SELECT ON migrations TO webhooks_service;
      GRANT ALL ON outbox, inbox, leases TO webhooks_service;
      GRANT USAGE ON SEQUENCE outbox_id_seq TO webhooks_service`);
  }
  async down(): Promise<void> {}
}
class Missing1700000000001 extends Messaging1700000000000 {}

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase('webhooks', [Messaging1700000000000]);
});
afterAll(() => database.close());

const running: RunningService[] = [];
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop();
});

type Env = Record<string, string>;
const configOf = (env: Env = {}): BaseConfig =>
  loadConfig(z.object(baseConfig), {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    AMQP_URL: inject('amqpUrl'),
    AMQP_PREFIX: amqpPrefix(),
    LOG_LEVEL: 'silent',
    ...env,
  });

/** Whatever the contracts send it. */
const ignore: Handlers = Object.fromEntries(listensTo('webhooks').map((type) => [type, async () => undefined]));

async function start(
  wire: (platform: Platform<BaseConfig>) => Wiring,
  env: Env = {},
  migrations = [Messaging1700000000000],
): Promise<RunningService> {
  const service = await runService({ name: 'webhooks', config: configOf(env), migrations, entities: [], wire });
  running.push(service);
  return service;
}

const readiness = async (service: RunningService) => {
  const answer = await fetch(`${service.opsUrl}/readyz`);
  return { status: answer.status, ...((await answer.json()) as { checks: Record<string, unknown> }) };
};
const refused = (url: string) => expect(fetch(url)).rejects.toThrow();

/** Tells the events that reached it; each request sends one. */
function echo(seen: { id: string; attempt: number }[]) {
  return ({ db, clock, wakeRelay }: Platform<BaseConfig>): Wiring => {
    const source = { source: 'webhooks', newUuid, now: clock.now } as const;
    const transact = over(db, (sql) => postgresMessages(sql, source));
    const routes = express.Router();
    routes.post('/events', async (_request, response) => {
      const told = { delivery_id: newUuid(), transaction_id: null, outcome: 'applied', reason: 'ok' } as const;
      await transact((tx) => tx.enqueue('reconciler.observation-handled.v1', told));
      wakeRelay();
      response.status(202).json({});
    });
    return {
      routes,
      handlers: {
        ...ignore,
        'reconciler.observation-handled.v1': (event) =>
          transact(async (tx) => {
            if (await tx.claimMessage(event.id)) seen.push({ id: event.data.delivery_id, attempt: event.attempt });
          }),
      },
    };
  };
}

test('O3: a service is ready with its dependencies, and what a request told reaches a handler', async () => {
  const seen: { id: string; attempt: number }[] = [];
  const service = await start(echo(seen));
  expect(await readiness(service)).toMatchObject({
    status: 200,
    checks: { database: true, broker: true, accepting: true },
  });
  expect((await fetch(`${service.url}/events`, { method: 'POST' })).status).toBe(202);
  await poll(() => seen.length === 1);
  expect(seen[0]?.attempt).toBe(1);
});

interface ReceivedSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
}

/** What a collector is sent: OTLP over HTTP, as JSON. */
async function openCollector() {
  const spans: ReceivedSpan[] = [];
  const services = new Set<string>();
  const app = express().use(express.json({ limit: '5mb' }));
  app.post('/v1/traces', (request, response) => {
    for (const { resource, scopeSpans } of request.body.resourceSpans) {
      for (const { key, value } of resource.attributes) if (key === 'service.name') services.add(value.stringValue);
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.json({});
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, spans, services, close: () => server.close() };
}

test('O3: a request, its transaction and its message are spans of the caller’s trace, at the collector that is asked to take them', async () => {
  const seen: { id: string; attempt: number }[] = [];
  const collector = await openCollector();
  try {
    const service = await start(echo(seen), { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const [traceId, callersSpan] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const headers = { traceparent: `00-${traceId}-${callersSpan}-01` };
    expect((await fetch(`${service.url}/events`, { method: 'POST', headers })).status).toBe(202);
    await poll(() => seen.length === 1);
    await service.stop(); // sends what is left
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    const parentOf = (name: string) => spans.find((span) => span.name === name)?.parentSpanId;
    const idOf = (name: string) => spans.find((span) => span.name === name)?.spanId;
    expect(parentOf('POST /events')).toBe(callersSpan);
    const took = 'take reconciler.observation-handled.v1';
    const transactions = spans.filter(({ name }) => name === 'transaction');
    const [telling] = transactions.filter((span) => span.parentSpanId === idOf('POST /events'));
    expect(parentOf(took)).toBe(telling?.spanId); // the row in the outbox names the transaction that wrote it
    expect(transactions.map((span) => span.parentSpanId)).toContain(idOf(took));
    expect([...collector.services]).toEqual(['webhooks']);
  } finally {
    collector.close();
  }
});

test('O3: a collector that is down keeps nothing from working', async () => {
  const service = await start(echo([]), { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` });
  expect((await fetch(`${service.url}/events`, { method: 'POST' })).status).toBe(202);
  await service.stop();
});

test('F5: without a broker a service starts, is ready and says that it is degraded', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  const port = await new Promise((resolve) =>
    closed.once('listening', () => resolve((closed.address() as { port: number }).port)),
  );
  await new Promise((resolve) => closed.close(resolve));
  const service = await start(echo([]), { AMQP_URL: `amqp://127.0.0.1:${port}` });
  expect(await readiness(service)).toMatchObject({
    status: 200,
    checks: { broker: expect.stringContaining('outbox') },
  });
  expect((await fetch(`${service.url}/events`, { method: 'POST' })).status).toBe(202);
});

test('O2: a start that fails half-way releases what it opened, and says why', async () => {
  const opened: { platform?: Platform<BaseConfig> } = {};
  const released: string[] = [];
  const port = await freePort();
  const failing = start(
    (platform) => {
      opened.platform = platform;
      platform.releases.push('client', () => void released.push('client'));
      throw new Error('no such key');
    },
    { OPS_PORT: String(port) },
  );
  await expect(failing).rejects.toMatchObject({ message: 'webhooks did not start', cause: { message: 'no such key' } });
  expect(released).toEqual(['client']);
  await expect(opened.platform?.db.ping()).rejects.toThrow();
  await refused(`http://127.0.0.1:${port}/livez`);
});

test('a service refuses to start on a database that lacks its migrations', async () => {
  const starting = start(() => ({ handlers: ignore }), {}, [Messaging1700000000000, Missing1700000000001]);
  await expect(starting).rejects.toMatchObject({ cause: { message: expect.stringContaining('Missing1700000000001') } });
});

test('a service refuses to start without a handler for each event that the contracts send it', async () => {
  const starting = start(() => ({}));
  await expect(starting).rejects.toMatchObject({ cause: { message: expect.stringContaining('observation-handled') } });
});

test('F6: a database that is out of reach is 503 with Retry-After to a client, not 500', async () => {
  const service = await start(({ db }) => ({
    handlers: ignore,
    routes: express.Router().get('/x', async (_request, response) => {
      await db.read.rows('SELECT pg_terminate_backend(pg_backend_pid())');
      response.json({});
    }),
  }));
  const answer = await fetch(`${service.url}/x`);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
});

test('O2: a stop is seen by probes first, finishes the request in flight, and leaves nothing listening', async () => {
  const held = gate();
  const entered = gate();
  const service = await start(
    () => ({
      handlers: ignore,
      routes: express.Router().get('/slow', async (_request, response) => {
        entered.open();
        await held.opened;
        response.json({ finished: true });
      }),
    }),
    { DRAIN_DELAY_MS: '300' },
  );
  const answer = fetch(`${service.url}/slow`);
  await entered.opened;
  const stopped = service.stop();
  expect((await readiness(service)).status).toBe(503);
  held.open();
  expect((await answer).headers.get('connection')).toBe('close'); // the next request of a kept connection goes elsewhere
  expect(await (await answer).json()).toEqual({ finished: true });
  await stopped;
  await refused(`${service.url}/slow`);
  await refused(`${service.opsUrl}/livez`);
});

test('O5 A8: production does not start with what everybody knows', async () => {
  const starting = start(() => ({ handlers: ignore }), { NODE_ENV: 'production' });
  const cause = await starting.catch((error: Error) => String(error.cause));
  expect(cause).toMatch(/DATABASE_URL: must have a password of its own in production/);
});

test('O5: every service prunes its messages', async () => {
  const service = await start(() => ({ handlers: ignore }));
  await poll(async () =>
    /loop_runs_total\{loop="prune-messages",outcome="ok",service="webhooks"\} 1/.test(await metricsOf(service)),
  );
});

test('loops run, are woken by name, and are counted', async () => {
  let runs = 0;
  let wake = (): void => undefined;
  const service = await start(({ wakeLoop }) => {
    wake = () => wakeLoop('payouts');
    const runOnce = async (): Promise<number> => {
      runs += 1;
      if (runs === 1) throw new Error('once');
      return 0;
    };
    return { handlers: ignore, loops: [{ name: 'payouts', intervalMs: 3_600_000, runOnce }] };
  });
  await poll(() => runs === 2);
  await poll(() => {
    wake();
    return runs > 2;
  });
  const text = await metricsOf(service);
  expect(text).toMatch(/loop_runs_total\{loop="payouts",outcome="failed",service="webhooks"\} 1/);
  expect(text).toMatch(/loop_last_success_timestamp_seconds\{loop="payouts",service="webhooks"\} \d+/);
});

const metricsOf = async ({ opsUrl }: RunningService): Promise<string> => (await fetch(`${opsUrl}/metrics`)).text();

/** A promise that a test resolves when it wants the other side to go on. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
