import { request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import express, { type Router } from 'express';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger, currentContext, Overloaded } from '#libs/runtime';
import { createMetrics, type Metrics } from '#libs/telemetry';
import { type AppOptions, createApp } from '../app.ts';
import { HttpUnavailable, type Listening, listen, Problem, parseBody, type Step } from '../index.ts';

const opened: Listening[] = [];
afterEach(async () => {
  for (const listening of opened.splice(0)) await listening.stop();
});

interface Served {
  url: string;
  lines: Record<string, unknown>[];
  metrics: Metrics;
}

async function serve(
  define: (routes: Router) => void,
  options: Partial<Pick<AppOptions, 'beforeBody' | 'front' | 'problemOf'>> = {},
): Promise<Served> {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const logger = createLogger({ name: 'test', level: 'info', destination });
  const metrics = createMetrics('test');
  const routes = express.Router();
  define(routes);
  const app = createApp({ logger, metrics, jsonLimitBytes: 1000, routes, ...options });
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  opened.push(listening);
  return { url: listening.url, lines, metrics };
}

const call = async (url: string, init?: RequestInit) => {
  const answer = await fetch(url, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text === '' ? {} : JSON.parse(text) };
};
const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  call(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

const withdrawal = z.strictObject({
  amount: z.string().superRefine((text, ctx) => {
    if (text === '1.005') ctx.addIssue({ code: 'custom', params: { code: 'too_many_decimals' }, message: 'No' });
  }),
  'a/b~c': z.object({ n: z.int() }).optional(),
});

test('an error that cannot be answered ends its connection, and not the process', async () => {
  const refuse: Step = async () => {
    throw new Error('refused');
  };
  const { url, lines } = await serve(() => undefined, {
    front: [refuse],
    problemOf: () => {
      throw new Error('nobody knows');
    },
  });
  await expect(call(`${url}/x`)).rejects.toThrow('fetch failed');
  await expect(call(`${url}/x`)).rejects.toThrow('fetch failed');
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'an error could not be answered' }));
});

test('A8: an unexpected error is a 500 that tells its request id and nothing else; the log has the rest', async () => {
  const { url, lines } = await serve((routes) =>
    routes.get('/x', async () => {
      throw new Error('password is hunter2');
    }),
  );
  const { status, text, headers } = await call(`${url}/x`, { headers: { 'x-request-id': 'req-12345678' } });
  expect(status).toBe(500);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(JSON.parse(text)).toEqual({
    type: '/problems/internal_error',
    code: 'internal_error',
    title: 'Something went wrong on our side',
    status: 500,
    request_id: 'req-12345678',
  });
  expect(lines[0]).toMatchObject({
    level: 'error',
    request_id: 'req-12345678',
    err: { message: 'password is hunter2' },
  });
});

test('M8: a body that breaks its schema is 422 with a pointer and a code for each field', async () => {
  const { url } = await serve((routes) =>
    routes.post('/x', (request, response) => void response.json(parseBody(withdrawal, request))),
  );
  const { status, json } = await post(`${url}/x`, '{"amount":"1.005","a/b~c":{"n":1.5},"extra":1,"__proto__":{}}');
  expect(status).toBe(422);
  expect(json).toMatchObject({ code: 'validation_failed' });
  expect(json.errors.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code]).sort()).toEqual([
    ['/__proto__', 'unknown_field'],
    ['/amount', 'too_many_decimals'],
    ['/a~1b~0c/n', 'invalid_type'],
    ['/extra', 'unknown_field'],
  ]);
  expect((await call(`${url}/x`, { method: 'POST' })).json).toMatchObject({ errors: [{ pointer: '' }] });
  expect((await post(`${url}/x`, '{"amount":"1"}')).json).toEqual({ amount: '1' });
});

test.each([
  ['cut short', 'malformed_json', 400, '{"amount":', {}],
  ['a bare value', 'malformed_json', 400, '"text"', {}],
  ['too long', 'body_too_large', 413, `{"amount":"${'9'.repeat(1000)}"}`, {}],
  ['a form', 'unsupported_media_type', 415, 'amount=1', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['compressed', 'unsupported_media_type', 415, '{}', { 'content-encoding': 'gzip' }],
  ['not UTF-8', 'unsupported_media_type', 415, '{}', { 'content-type': 'application/json; charset=latin1' }],
] as const)('A6: a body that is %s is refused as %s', async (_what, code, status, body, headers) => {
  const { url } = await serve((routes) => routes.post('/x', (_request, response) => void response.json({})));
  const answer = await post(`${url}/x`, body, headers);
  expect([answer.status, answer.json.code]).toEqual([status, code]);
});

test('a path that is not there is 404, one that does not decode is 400, both as problems', async () => {
  const { url } = await serve((routes) => routes.get('/x/:id', (_request, response) => void response.json({})));
  expect((await call(`${url}/y`)).json).toMatchObject({ status: 404, code: 'not_found' });
  expect((await call(`${url}/x/%ff`)).json).toMatchObject({ status: 400, code: 'bad_request' });
});

test('F2: overload and a dependency that is down are 503 with Retry-After, without a word about which', async () => {
  const { url } = await serve((routes) => {
    routes.get('/overload', () => Promise.reject(new Overloaded('key')));
    routes.get('/down', () => Promise.reject(new HttpUnavailable('revio', 'timeout', true)));
  });
  for (const [path, code] of [
    ['/overload', 'overloaded'],
    ['/down', 'temporarily_unavailable'],
  ]) {
    const answer = await call(`${url}${path}`);
    expect([answer.status, answer.json.code, answer.headers.get('retry-after')]).toEqual([503, code, '1']);
    expect(answer.text).not.toContain('revio');
  }
});

test('an error after the answer has begun cuts the connection: half an answer never looks whole', async () => {
  const { url } = await serve((routes) =>
    routes.get('/x', async (_request, response) => {
      response.write('half');
      throw new Error('broken');
    }),
  );
  await expect(call(`${url}/x`)).rejects.toThrow();
});

test('O3: a request id is taken over in its safe form only, and the context reaches the handler past the body', async () => {
  const { url } = await serve((routes) =>
    routes.post('/x', async (_request, response) => void response.json(currentContext())),
  );
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const kept = await post(`${url}/x`, '{}', { 'x-request-id': 'abc_DEF-123', traceparent });
  expect(kept.json).toMatchObject({
    requestId: 'abc_DEF-123',
    traceparent: expect.stringContaining(traceparent.slice(0, 35)),
  });
  expect(kept.headers.get('x-request-id')).toBe('abc_DEF-123');
  for (const unsafe of ['short', 'x'.repeat(65), 'a b c d e f', '"injected\\n"']) {
    const replaced = await post(`${url}/x`, '{}', { 'x-request-id': unsafe });
    expect(replaced.json.requestId).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('O3: one log line and one duration per request, by the route’s pattern and never the URL', async () => {
  const { url, lines, metrics } = await serve((routes) =>
    routes.get('/x/:id', () => {
      throw new Problem('not_found', { errors: [] });
    }),
  );
  await call(`${url}/x/secret-id?token=secret-token`);
  await call(`${url}/nowhere/secret-id`);
  expect(lines).toMatchObject([
    { msg: 'request', method: 'GET', route: '/x/:id', status: 404, problem: 'not_found' },
    { msg: 'request', method: 'GET', route: 'unmatched', status: 404, problem: 'not_found' },
  ]);
  const { text } = await metrics.render();
  expect(text).toMatch(/http_server_request_duration_seconds_count\{.*route="\/x\/:id".*status_class="4xx".*} 1/);
  expect(text + JSON.stringify(lines)).not.toContain('secret');
});

test('W1: a route before the body gets the very bytes', async () => {
  const before = express.Router();
  before.post('/hook', express.raw({ type: () => true, limit: 1000 }), (request, response) => {
    response.json({ bytes: (request.body as Buffer).toString('utf8') });
  });
  const { url } = await serve(() => undefined, { beforeBody: before });
  expect((await post(`${url}/hook`, '{ "a" : 1.0 }')).json).toEqual({ bytes: '{ "a" : 1.0 }' });
});

test('answers carry no cache, no framework name, no tag', async () => {
  const { url } = await serve((routes) => routes.get('/x', (_request, response) => void response.json({})));
  const { headers } = await call(`${url}/x`);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('etag')).toBeNull();
});

test('O2: stop finishes what is in flight, then refuses', async () => {
  let finish = (): void => undefined;
  let begun = (): void => undefined;
  const inHandler = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const { url } = await serve((routes) =>
    routes.get('/x', (_request, response) => {
      finish = () => void response.json({ done: true });
      begun();
    }),
  );
  const listening = opened.splice(0)[0];
  const answer = keptAlive(`${url}/x`);
  await inHandler;
  const stopped = listening?.stop();
  finish();
  expect(await answer).toBe('{"done":true}');
  await stopped;
  await expect(call(`${url}/x`)).rejects.toThrow();
});

test('O2: while it drains it answers on, and each answer is the last of its connection', async () => {
  const { url } = await serve((routes) => routes.get('/x', (_request, response) => void response.json({})));
  const connection = async () => (await call(`${url}/x`)).headers.get('connection');
  expect(await connection()).toBe('keep-alive');
  opened[0]?.drain();
  expect([await connection(), await connection()]).toEqual(['close', 'close']);
});

/** Over a connection that its client would keep, as a balancer's. */
const keptAlive = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = rawRequest(url, { headers: { connection: 'keep-alive' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject).end();
  });

test('a port that is taken is an error at the start', async () => {
  const { url } = await serve(() => undefined);
  const port = Number(new URL(url).port);
  await expect(listen(() => undefined, { host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE');
});

test.each([
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  [
    'a length beside chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
])('A6: %s is a problem like any other', async (_case, bytes) => {
  const { url } = await serve(() => undefined);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/);
  expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({
    code: 'bad_request',
    request_id: expect.any(String),
  });
});
