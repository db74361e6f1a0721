import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { continueTrace, createLogger, runInContext } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { poll } from '#libs/testing';
import { createClient, type HttpClient, HttpUnavailable } from '../index.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

async function peer(handler: http.RequestListener): Promise<{ url: string; calls: () => number }> {
  let calls = 0;
  const server = http.createServer((request, response) => {
    calls += 1;
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls };
}

const metrics = createMetrics('test');
function client(baseUrl: string, given: Partial<Parameters<typeof createClient>[0]> = {}): HttpClient {
  const made = createClient({ name: 'peer', baseUrl, timeoutMs: 5_000, bodyBytesMax: 1000, metrics, logger, ...given });
  releases.push(() => made.close());
  return made;
}
const failure = async (work: Promise<unknown>): Promise<{ kind: string; sent: boolean }> => {
  const error: unknown = await work.then(
    () => 'answered',
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HttpUnavailable)) throw new Error(`not unavailable: ${String(error)}`);
  return { kind: error.kind, sent: error.sent };
};
const get = { method: 'GET', path: '/' } as const;
const postNothing = { method: 'POST', path: '/', json: {} } as const;

test('a request goes under the base path with its JSON and its trace, and every answer comes back, 5xx too', async () => {
  const { url } = await peer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      response.statusCode = 503;
      response.end(JSON.stringify({ url: request.url, body, headers: request.headers }));
    });
  });
  const traceparent = continueTrace(undefined);
  const answer = await runInContext({ requestId: 'req-12345678', traceparent }, () =>
    client(`${url}/api/v1/`).request({
      method: 'POST',
      path: '/payouts/?a=1',
      json: { amount: 1 },
      headers: { authorization: 'Bearer k' },
    }),
  );
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body)).toMatchObject({
    url: '/api/v1/payouts/?a=1',
    body: '{"amount":1}',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer k',
      'x-request-id': 'req-12345678',
      traceparent,
    },
  });
});

test('F2: the breaker opens on 5xx, refuses without sending, and closes after a success', async () => {
  let status = 500;
  const { url, calls } = await peer((_request, response) => void response.writeHead(status).end());
  const caller = client(url, { breaker: { volumeThreshold: 4, resetMs: 50 } });
  for (let n = 0; n < 4; n += 1) expect((await caller.request(get)).status).toBe(500);
  expect(await failure(caller.request(get))).toEqual({ kind: 'breaker_open', sent: false });
  expect(calls()).toBe(4);
  expect((await metrics.render()).text).toContain('http_client_breaker_open{peer="peer",service="test"} 1');
  status = 200;
  await poll(() => caller.request(get));
  expect((await caller.request(get)).status).toBe(200);
  expect((await metrics.render()).text).toContain('http_client_breaker_open{peer="peer",service="test"} 0');
});

test('F2: no number of 4xx opens the breaker', async () => {
  const { url, calls } = await peer((_request, response) => void response.writeHead(429).end());
  const caller = client(url, { breaker: { volumeThreshold: 2 } });
  for (let n = 0; n < 20; n += 1) expect((await caller.request(get)).status).toBe(429);
  expect(calls()).toBe(20);
});

test('F2: broken connections open the breaker', async () => {
  const { url, calls } = await peer((request) => request.socket.destroy());
  const caller = client(url, { breaker: { volumeThreshold: 2 } });
  for (let n = 0; n < 2; n += 1) expect((await failure(caller.request(postNothing))).kind).toBe('network');
  expect((await failure(caller.request(postNothing))).kind).toBe('breaker_open');
  expect(calls()).toBe(2);
});

test('F3: a timeout aborts the request on the wire, and its outcome is unknown', async () => {
  let gone = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const { url } = await peer((request) => request.socket.once('close', gone));
  expect(await failure(client(url, { timeoutMs: 100 }).request(postNothing))).toEqual({ kind: 'timeout', sent: true });
  await aborted;
});

test('F3: an answer that stops half-way is unknown as well', async () => {
  const { url } = await peer((_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
  });
  expect(await failure(client(url, { timeoutMs: 100 }).request(get))).toEqual({ kind: 'timeout', sent: true });
  const cut = await peer((_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy());
  });
  expect(await failure(client(cut.url).request({ ...get, idempotent: true }))).toEqual({ kind: 'network', sent: true });
});

test('F3: a refused connection and an unknown host provably sent nothing', async () => {
  const closed = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const nothingSent = { kind: 'network', sent: false };
  expect(await failure(client(`http://127.0.0.1:${port}`).request(postNothing))).toEqual(nothingSent);
  expect(await failure(client('http://nowhere.invalid').request(postNothing))).toEqual(nothingSent);
});

test('F3: a request that waited for a free connection until its timeout provably sent nothing', async () => {
  const held: http.ServerResponse[] = [];
  const { url, calls } = await peer((_request, response) => void held.push(response));
  const caller = client(url, { timeoutMs: 20_000 });
  const taken = Array.from({ length: 32 }, () => caller.request(postNothing));
  await poll(() => calls() === 32);
  expect(await failure(caller.request({ ...postNothing, timeoutMs: 100 }))).toEqual({ kind: 'timeout', sent: false });
  for (const response of held) response.end();
  await Promise.all(taken);
  expect(calls()).toBe(32);
});

test('a body over the cap is refused without being read to its end', async () => {
  const { url } = await peer((_request, response) => {
    const more = (): void => void (response.writable && response.write('x'.repeat(500), more));
    more();
  });
  expect(await failure(client(url).request(get))).toEqual({ kind: 'too_large', sent: true });
});

test('a redirect is an answer and is not followed', async () => {
  const elsewhere = await peer((_request, response) => void response.end());
  const { url } = await peer((_request, response) => void response.writeHead(302, { location: elsewhere.url }).end());
  expect((await client(url).request(get)).status).toBe(302);
  expect(elsewhere.calls()).toBe(0);
});

test('F3: only an idempotent request is tried again when the connection breaks before any answer', async () => {
  let broken = 0;
  const { url, calls } = await peer((request, response) => {
    broken += 1;
    if (broken % 2 === 1) request.socket.destroy();
    else response.end('ok');
  });
  expect((await client(url).request({ ...postNothing, idempotent: true })).body).toBe('ok');
  expect(calls()).toBe(2);
  expect(await failure(client(url).request(postNothing))).toEqual({ kind: 'network', sent: true });
  expect(calls()).toBe(3);
});

test('more requests at once than the client holds are refused, not queued without end', async () => {
  const { url } = await peer(() => undefined);
  const caller = client(url, { timeoutMs: 300, breaker: { volumeThreshold: 10_000 } });
  const outcomes = await Promise.all(Array.from({ length: 513 }, () => failure(caller.request(get))));
  expect(outcomes.filter(({ kind }) => kind === 'overloaded')).toEqual([{ kind: 'overloaded', sent: false }]);
});

test('F3: a request that may not be repeated never takes a kept connection', async () => {
  const ports: (number | undefined)[] = [];
  const { url } = await peer((request, response) => {
    ports.push(request.socket.remotePort);
    response.end('{}');
  });
  const made = client(url);
  for (let n = 0; n < 6; n++) await made.request(get);
  for (let n = 0; n < 6; n++) await made.request({ ...postNothing, freshConnection: true });
  expect(new Set(ports.slice(0, 6)).size).toBeLessThan(6);
  expect(new Set(ports.slice(6)).size).toBe(6);
});
