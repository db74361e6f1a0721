import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { grantRole } from '../../../deploy/grant-role/grant-role.ts';
import { forwardedRoutes } from '../src/forward.ts';
import { type GatewayStack, startGateway } from './stack.ts';

let gateway: GatewayStack;
let token: string;

beforeAll(async () => {
  gateway = await startGateway();
  token = await gateway.login('someone@example.test');
});
afterAll(() => gateway?.close());

beforeEach(() => {
  for (const upstream of [gateway.wallet, gateway.payments, gateway.webhooks, gateway.reconciler]) {
    upstream.arrivals.length = 0;
    upstream.answer = (response) => void response.json({});
  }
});

const withToken = (more: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...more });
const examplePath = (path: string): string =>
  path.replace(':id', 'dep_01').replace(':currency', 'ZAR').replace(':day', '2026-11-23');

test.each(forwardedRoutes)('A2: $method $path needs an access token, and reaches $service with one', async (route) => {
  const path = `/api/v1${examplePath(route.path)}`;
  expect(await gateway.call(route.method, path)).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
  expect(gateway[route.service].arrivals).toEqual([]);
  expect((await gateway.call(route.method, path, { headers: withToken() })).status).toBe(200);
  expect(gateway[route.service].arrivals).toMatchObject([
    {
      method: route.method,
      url: route.passedOn === 'with e-mails' ? examplePath(route.path) : examplePath(route.path).replace('/admin', ''),
      actor: { kind: 'user', email: 'someone@example.test' },
    },
  ]);
});

test('A4: body, query, key and trace go on; whatever else a client says does not', async () => {
  await gateway.call('POST', '/api/v1/deposits?dry=1&x=%20', {
    headers: withToken({
      'idempotency-key': 'key-1',
      'x-request-id': 'request-0001',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      'x-user-id': 'someone-else',
      'x-actor': '{"kind":"service","service":"reconciler"}',
      'x-forwarded-for': '203.0.113.1',
      'x-internal-token': 'forged',
      'x-deadline-ms': '1',
      cookie: 'session=1',
      forwarded: 'for=203.0.113.1',
    }),
    body: { amount: '150.00', currency: 'ZAR' },
  });
  const [arrival] = gateway.payments.arrivals;
  expect(arrival).toMatchObject({ url: '/deposits?dry=1&x=%20', body: { amount: '150.00', currency: 'ZAR' } });
  const { authorization, traceparent, ...headers } = arrival?.headers ?? {};
  expect(authorization).not.toContain(token);
  expect(traceparent).toContain('a'.repeat(32));
  expect(headers).toEqual({
    host: expect.any(String),
    connection: 'keep-alive',
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': '36',
    'idempotency-key': 'key-1',
    'x-request-id': 'request-0001',
    'x-deadline-ms': '20000', // how long the gateway itself waits
  });
});

test('R4: what an admin has read goes on with what is decided, and only in its one form', async () => {
  const approve = (tag: string) =>
    gateway.call('POST', '/api/v1/admin/proposals/adj_01/approve', { headers: withToken({ 'if-match': tag }) });
  const tag = `"${'a1'.repeat(32)}"`;
  for (const each of [tag, '*', 'W/"x"']) await approve(each);
  expect(gateway.reconciler.arrivals.map(({ headers }) => headers['if-match'])).toEqual([tag, undefined, undefined]);
});

test('A4: a user’s token opens no service directly, nor does the internal token of another service', async () => {
  const direct = (url: string, bearer: string) => fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
  expect((await direct(`${gateway.payments.url}/transactions`, token)).status).toBe(401);
  expect((await fetch(`${gateway.payments.url}/transactions`)).status).toBe(401);
  await gateway.call('GET', '/api/v1/wallets', { headers: withToken() });
  const internal = String(gateway.wallet.arrivals[0]?.headers.authorization).replace('Bearer ', '');
  expect((await direct(`${gateway.wallet.url}/wallets`, internal)).status).toBe(200);
  expect((await direct(`${gateway.payments.url}/transactions`, internal)).status).toBe(401);
  // And the other way round: an internal token is no access token.
  const back = await gateway.call('GET', '/api/v1/me', { headers: { authorization: `Bearer ${internal}` } });
  expect(back.status).toBe(401);
});

test('A4: only status, body and the headers that clients need come back', async () => {
  gateway.payments.answer = (response) =>
    void response
      .status(202)
      .set({
        location: '/transactions/dep_01',
        'retry-after': '7',
        'idempotent-replayed': 'true',
        'x-internal': 'secret',
        'set-cookie': 'a=b',
      })
      .json({ id: 'dep_01', amount: '150.00' });
  const answer = await gateway.call('POST', '/api/v1/deposits', { headers: withToken(), body: {} });
  expect(answer).toMatchObject({ status: 202, json: { id: 'dep_01', amount: '150.00' } });
  expect(answer.headers).toMatchObject({
    location: '/api/v1/transactions/dep_01',
    'retry-after': '7',
    'idempotent-replayed': 'true',
  });
  expect(answer.headers['x-internal']).toBeUndefined();
  expect(answer.headers['set-cookie']).toBeUndefined();
});

test('A4: a service’s problem is the client’s, word for word', async () => {
  const problem = { code: 'insufficient_funds', title: 'Not enough', status: 422 };
  gateway.payments.answer = (response) =>
    void response.status(422).type('application/problem+json').send(JSON.stringify(problem));
  const answer = await gateway.call('POST', '/api/v1/withdrawals', { headers: withToken(), body: {} });
  expect(answer).toMatchObject({ status: 422, json: problem });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
});

test.each<[string, GatewayStack['payments']['answer']]>([
  ['401, which is about our own token', (response) => void response.status(401).json({ code: 'unauthenticated' })],
  ['a redirect', (response) => void response.redirect('https://example.test/')],
  ['HTML', (response) => void response.status(502).send('<html>Bad Gateway</html>')],
])('F2: a service that answers %s is a service that is not there', async (_case, answer) => {
  gateway.payments.answer = answer;
  const answered = await gateway.call('GET', '/api/v1/transactions', { headers: withToken() });
  expect(answered).toMatchObject({ status: 503, json: { code: 'service_unavailable' } });
});

test('F2 M6: while a service is down, money routes say that the same key may be sent again', async () => {
  const send = (key?: string) =>
    gateway.call('POST', '/api/v1/deposits', {
      headers: withToken(key === undefined ? {} : { 'idempotency-key': key }),
      body: { amount: '1.00', currency: 'ZAR' },
    });
  await gateway.payments.stop();
  const keyed = await send('key-2');
  expect(keyed).toMatchObject({ status: 503, json: { code: 'service_unavailable' } });
  expect(keyed.headers['retry-after']).toBe('2');
  expect(keyed.json['detail']).toMatch(/again with the same Idempotency-Key/);
  expect((await send()).json['detail']).toMatch(/Look before/);
  const read = await gateway.call('GET', '/api/v1/transactions', { headers: withToken() });
  expect(read.json['detail']).toMatch(/Nothing was changed/);
  // What is up stays up.
  expect((await gateway.call('GET', '/api/v1/wallets', { headers: withToken() })).status).toBe(200);
  await gateway.payments.restart();
  expect((await send('key-2')).status).toBe(200);
});

test('M6: an Idempotency-Key that comes twice, or that no header may carry on, is refused', async () => {
  const refused = { status: 400, json: { code: 'idempotency_key_invalid' } };
  const twice = ['authorization', `Bearer ${token}`, 'idempotency-key', 'a', 'idempotency-key', 'b'];
  expect(await gateway.call('POST', '/api/v1/deposits', { headers: twice, body: {} })).toMatchObject(refused);
  for (const key of ['k'.repeat(256), 'a b', 'é', '']) {
    const headers = withToken({ 'idempotency-key': key });
    expect(await gateway.call('POST', '/api/v1/deposits', { headers, body: {} })).toMatchObject(refused);
  }
  expect(gateway.payments.arrivals).toEqual([]);
});

test.each([
  '/api/v1/provider-reads',
  '/api/v1/holds',
  '/api/v1/deliveries',
  '/deposits',
  '/api/v1/transactions/..%2fprovider-reads',
  '/api/v1/transactions/%2e%2e',
  '/api/v1/transactions/a%3fb',
  '/api/v1/wallets/ZAR%0d%0ax-evil:%201',
])('A4: %s leads nowhere', async (path) => {
  for (const method of ['GET', 'POST'] as const)
    expect(await gateway.call(method, path, { headers: withToken() })).toMatchObject({ status: 404 });
  expect([...gateway.wallet.arrivals, ...gateway.payments.arrivals]).toEqual([]);
});

test('A6 R3: a statement may be large if it is an admin’s; from anybody else so much is not even read', async () => {
  // Large on its way in only: the services of these tests read no more than 64 kB.
  const body = `{"csv":"x"${' '.repeat(1_000_000)}}`;
  const ask = (headers: Record<string, string>) => gateway.call('POST', '/api/v1/admin/statements', { headers, body });
  for (const headers of [{}, withToken()])
    expect(await ask(headers)).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
  expect(gateway.reconciler.arrivals).toEqual([]);
  await gateway.login('admin@example.test');
  await grantRole(gateway.ownerUrl, 'admin@example.test', 'admin');
  const admin = { authorization: `Bearer ${await gateway.login('admin@example.test')}` };
  expect((await ask(admin)).status).toBe(200);
  expect(gateway.reconciler.arrivals).toMatchObject([{ url: '/statements', body: { csv: 'x' } }]);
});

test.each([
  'GET /api/v1/me',
  'HEAD /api/v1/me',
  'GET /API/V1/ME',
  'GET /api/v1/Auth/sessions/',
  'HEAD /Api/v1/auth/sessions',
])('A6: %s has no query, however its path is spelt', async (asked) => {
  const [method = '', path = ''] = asked.split(' ');
  const { status } = await fetch(`${gateway.url}${path}?user_id=1`, { method, headers: withToken() });
  expect(status).toBe(400);
  expect((await fetch(gateway.url + path, { method, headers: withToken() })).status).toBe(200);
});
