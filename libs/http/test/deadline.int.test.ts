import { randomBytes } from 'node:crypto';
import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { requireInternal, signInternalToken } from '#libs/auth';
import { createLogger, currentContext, runInContext } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { createApp, createClient, type HttpClient, HttpUnavailable, listen } from '../index.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const key = randomBytes(32);
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

/** A wallet: `/mine` is behind its guard, `/open` is not, `/silent` never answers. */
async function wallet() {
  const arrivals: string[] = [];
  const routes = express.Router();
  const tellDeadline: express.RequestHandler = (request, response) => {
    arrivals.push(request.path);
    const { deadlineAtMs } = currentContext();
    response.json({
      told: request.get('x-deadline-ms') ?? null,
      leftMs: deadlineAtMs === undefined ? null : deadlineAtMs - performance.now(),
    });
  };
  routes.get('/open', tellDeadline);
  routes.get('/silent', (request) => void arrivals.push(request.path));
  routes.get('/mine', requireInternal({ audience: 'wallet', keys: [key] }), tellDeadline);
  const app = createApp({ logger, metrics: createMetrics('wallet'), jsonLimitBytes: 1000, routes });
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  releases.push(() => listening.stop());
  return { url: listening.url, arrivals };
}

function client(baseUrl: string, given: Partial<Parameters<typeof createClient>[0]> = {}): HttpClient {
  const metrics = createMetrics('test');
  const made = createClient({
    name: 'peer',
    baseUrl,
    timeoutMs: 50_000,
    bodyBytesMax: 1000,
    metrics,
    logger,
    ...given,
  });
  releases.push(() => made.close());
  return made;
}

const actor = { kind: 'service', service: 'payments' } as const;
const authorization = () => `Bearer ${signInternalToken(key, { audience: 'wallet', actor, ttlS: 30 })}`;
const get = (path: string, headers = {}) => ({ method: 'GET', path, headers }) as const;
const read = async (answer: Promise<{ body: string }>) =>
  JSON.parse((await answer).body) as { told: string | null; leftMs: number | null };
const within = <R>(ms: number, work: () => R): R => runInContext({ deadlineAtMs: performance.now() + ms }, work);
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'answered',
    (error: unknown) => (error instanceof HttpUnavailable ? [error.kind, error.sent] : error),
  );

test('a service is told how long it is waited for, and believes it behind an internal token only', async () => {
  const { url } = await wallet();
  const gateway = client(url, { tellsDeadline: true });
  const told = await read(gateway.request(get('/mine', { authorization: authorization() })));
  expect(told.told).toBe('50000');
  expect(told.leftMs).toBeGreaterThan(0);
  expect(told.leftMs).toBeLessThanOrEqual(50_000);
  expect(await read(gateway.request(get('/open')))).toEqual({ told: '50000', leftMs: null });
  expect((await gateway.request(get('/mine'))).status).toBe(401);
});

test('a deadline of less time than the call is given goes on to the next service, as what is left of it', async () => {
  const { url } = await wallet();
  const call = () => client(url, { tellsDeadline: true }).request(get('/mine', { authorization: authorization() }));
  const { told } = await read(within(20_000, call));
  expect(Number(told)).toBeGreaterThan(0);
  expect(Number(told)).toBeLessThanOrEqual(20_000);
});

test('who is no service of ours is told nothing', async () => {
  const { url } = await wallet();
  expect(await read(within(20_000, () => client(url).request(get('/open'))))).toEqual({ told: null, leftMs: null });
});

test.each(['', '-1', '1e3', '99999', '123456', 'soon', '10 000'])('a deadline of "%s" is none', async (told) => {
  const { url } = await wallet();
  const headers = { authorization: authorization(), 'x-deadline-ms': told };
  expect((await read(client(url).request(get('/mine', headers)))).leftMs).toBeNull();
});

test('a call that cannot end in time is not begun, and nothing is unknown about it', async () => {
  const { url, arrivals } = await wallet();
  expect(await within(50, () => failure(client(url).request(get('/open'))))).toEqual(['timeout', false]);
  expect(await within(-1, () => failure(client(url).request(get('/open'))))).toEqual(['timeout', false]);
  expect(arrivals).toEqual([]);
});

test('F2: a call is given up at the deadline, as unknown, and the breaker blames nobody for our haste', async () => {
  const { url, arrivals } = await wallet();
  const peer = client(url, { breaker: { volumeThreshold: 2, resetMs: 60_000 } });
  const hasty = () => within(1_000, () => failure(peer.request(get('/silent'))));
  const outcomes = await Promise.all(Array.from({ length: 8 }, hasty));
  expect(new Set(outcomes.map(String))).toEqual(new Set(['timeout,true']));
  expect(arrivals).toHaveLength(8);
  expect((await peer.request(get('/open'))).status).toBe(200);
});
