import express, { type Request } from 'express';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { forwardedRoutes } from '../src/forward.ts';
import { type Answer, type GatewayStack, startGateway } from './stack.ts';

/**
 * Each request twice, the second time in capitals: Express takes a path however it is spelt, and the short path only as it is written. So the
 * same gateway answers both, with the same limits, and whatever a client can see must be the same.
 */
let gateway: GatewayStack;
let token: string;
const handle = vi.spyOn(express.application as unknown as { handle: (request: Request) => void }, 'handle');
/** How many requests of clients it saw since the last time; the services of this test are made with it too. */
function sawExpress(): number {
  const seen = handle.mock.calls.filter(([{ originalUrl, url }]) => /^\/api\/v1\//i.test(originalUrl ?? url)).length;
  handle.mockClear();
  return seen;
}

beforeAll(async () => {
  gateway = await startGateway({
    RATE_LIMITS_ENFORCED: 'true',
    RATE_LIMIT_WITHDRAWALS: '6',
    RATE_LIMIT_EXPORTS: '1000000',
    RATE_LIMIT_GENERAL: '1000000',
    UPSTREAM_TIMEOUT_MS: '1000',
    CORS_ORIGINS: 'https://app.example.test',
  });
  token = await gateway.login('someone@example.test');
});
afterAll(() => gateway?.close());

beforeEach(() => {
  for (const upstream of [gateway.wallet, gateway.payments, gateway.webhooks, gateway.reconciler]) {
    upstream.arrivals.length = 0;
    upstream.answer = (response) =>
      void response.status(202).set({ location: '/transactions/1', etag: '"x"' }).json({});
  }
});

type Sent = { headers?: Record<string, string>; body?: unknown };
const known = () => ({ authorization: `Bearer ${token}`, 'x-request-id': 'request-0001' });
const inCapitals = (path: string) => path.replace('/api/v1/', '/API/V1/');

async function bothWays(method: 'GET' | 'POST' | 'DELETE', path: string, { headers, body }: Sent) {
  const sent = { headers: { ...known(), ...headers }, ...(body === undefined ? {} : { body }) };
  sawExpress();
  const short = comparable(await gateway.call(method, path, sent));
  const ways = [sawExpress() === 0 ? 'short' : 'long'];
  const long = comparable(await gateway.call(method, inCapitals(path), sent));
  return { short, long, took: [...ways, sawExpress() === 0 ? 'short' : 'long'] };
}

/** But for the time, and for what a limit counts down. */
function comparable({ status, headers, json }: Answer) {
  const { date, ratelimit, ...others } = headers;
  const retry = status === 429 ? { 'retry-after': '' } : {};
  return { status, headers: { ...others, ...retry, ratelimit: String(ratelimit).replaceAll(/;[rt]=\d+/g, '') }, json };
}

const examplePath = (path: string): string =>
  `/api/v1${path.replace(':id', 'dep_01').replace(':currency', 'ZAR').replace(':day', '2026-11-23')}`;

test.each(forwardedRoutes.filter(({ path }) => path !== '/withdrawals'))(
  'A4: $method $path goes past Express, to be answered as through it',
  async ({ method, path, service }) => {
    for (const sent of [{}, { headers: { authorization: 'Bearer forged' } }, { headers: { authorization: '' } }]) {
      const body = method === 'POST' ? { body: { a: 1 } } : {};
      const { short, long, took } = await bothWays(method, examplePath(path), { ...sent, ...body });
      expect(took).toEqual(['short', 'long']);
      expect(short).toEqual(long);
    }
    const [one, other, ...more] = gateway[service].arrivals.map(({ headers, ...arrival }) => {
      const { traceparent, authorization, ...same } = headers;
      return { ...arrival, same };
    });
    expect(one).toEqual(other);
    expect([one === undefined, more]).toEqual([false, []]); // a forged token got nowhere
  },
);

const money = { amount: '150.00', currency: 'ZAR' };
type Upstream = GatewayStack['payments']['answer'];
const problem = { code: 'insufficient_funds', title: 'Not enough', status: 422 };

test.each<[string, Sent, Upstream?]>([
  ['of an allowed origin', { headers: { origin: 'https://app.example.test' }, body: money }],
  ['of another origin', { headers: { origin: 'https://evil.example.test' }, body: money }],
  ['with a key', { headers: { 'idempotency-key': 'k-1' }, body: money }],
  ['with a key that is none', { headers: { 'idempotency-key': 'a b' }, body: money }],
  ['without a body', {}],
  ['cut short', { body: '{"amount":' }],
  ['no object', { body: '"x"' }],
  ['with a NUL', { body: { amount: 'a\0' } }],
  ['too large', { body: { amount: 'x'.repeat(70_000) } }],
  ['a trace that is none', { headers: { traceparent: 'x', 'x-request-id': 'request-0002' }, body: money }],
  [
    'refused by the service',
    { body: money },
    (r) => void r.status(422).type('application/problem+json').send(JSON.stringify(problem)),
  ],
  ['forbidden by the service', { body: money }, (r) => void r.status(403).type('application/problem+json').send('{}')],
  ['answered 401', { body: money }, (r) => void r.status(401).json({})],
  ['answered HTML', { body: money }, (r) => void r.status(200).send('<p>')],
  [
    'answered 503',
    { body: money },
    (r) => void r.status(503).set('retry-after', '9').type('application/problem+json').send('{}'),
  ],
  ['answered nothing', { body: money }, (r) => void r.status(204).end()],
  ['answered in pieces', { body: money }, (r) => void r.type('json').write('{', () => r.end('}'))],
  ['cut off', { headers: { 'idempotency-key': 'k-2' }, body: money }, (r) => void r.destroy()],
  ['never answered', { headers: { 'idempotency-key': 'k-3' }, body: money }, () => undefined],
])('A4 A6: a deposit that is %s is answered the same either way', async (_what, sent, answer) => {
  if (answer !== undefined) gateway.payments.answer = answer;
  const { short, long } = await bothWays('POST', '/api/v1/deposits', sent);
  expect(short).toEqual(long);
});

test('F2: a service that is down is told of the same either way', async () => {
  await gateway.payments.stop();
  const { short, long } = await bothWays('POST', '/api/v1/deposits', { body: money });
  await gateway.payments.restart();
  expect(short).toEqual(long);
  expect(short.status).toBe(503);
});

test('A5: withdrawals are counted together, whichever way they go, and refused the same', async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const { short, long, took } = await bothWays('POST', '/api/v1/withdrawals', { body: money });
    expect(took).toEqual(['short', 'long']);
    statuses.push(short.status, long.status);
    expect(short).toEqual(long);
  }
  expect(statuses).toEqual([202, 202, 202, 202, 202, 202, 429, 429]);
  expect(gateway.payments.arrivals.length).toBe(6);
  const { json } = await gateway.call('GET', '/api/v1/me', { headers: known() });
  expect(json['email']).toBe('someone@example.test');
});
