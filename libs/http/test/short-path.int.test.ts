import { request as rawRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger, currentContext } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { poll } from '#libs/testing';
import { createApp, type Listening, listen, Problem, parseBody, type ReadRequest, takeShortPath } from '../index.ts';

/** The same route twice: all the way through Express, and by the short path where it may be taken. */
const body = z.strictObject({ word: z.string(), inner: z.unknown().optional() });
const guard = (request: ReadRequest, _response: unknown, next: () => void): void => {
  if (request.headers.authorization === undefined)
    throw new Problem('unauthenticated', { headers: { 'www-authenticate': 'Bearer' } });
  next();
};
let took: string[] = [];
const answer = async (request: ReadRequest) => {
  took.push('route' in request && 'get' in request ? 'long' : 'short');
  const { word } = parseBody(body, request);
  if (word === 'crash') throw new Error('password is hunter2');
  if (word === 'refuse') throw new Problem('forbidden');
  return { word, ...currentContext(), traceparent: currentContext().traceparent?.slice(0, 35) };
};

const lines: Record<string, { msg?: string }[]> = { long: [], short: [] };
const servers: Record<string, Listening> = {};
beforeAll(async () => {
  for (const way of ['long', 'short']) {
    const destination = { write: (line: string) => void lines[way]?.push(JSON.parse(line)) };
    const logger = createLogger({ name: 'test', level: 'info', destination });
    const options = { logger, metrics: createMetrics('test'), jsonLimitBytes: 1_000 };
    const routes = express.Router();
    routes.use(guard);
    routes.post('/x', async (request, response) => void response.json(await answer(request)));
    const app = createApp({ ...options, routes });
    const handler = way === 'long' ? app : takeShortPath({ path: '/x', guard, answer }, app, options);
    servers[way] = await listen(handler, { host: '127.0.0.1', port: 0 });
  }
});
afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop();
});

type Sent = { method?: string; path?: string; body?: string | Buffer; headers?: Record<string, string> };
const usual = {
  'content-type': 'application/json',
  authorization: 'Bearer x',
  'x-request-id': 'req-12345678',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};

async function ask(way: string, { method = 'POST', path = '/x', body = '', headers = {} }: Sent) {
  took = [];
  const given = Object.entries({ ...usual, 'content-length': String(Buffer.byteLength(body)), ...headers });
  const sent = Object.fromEntries(given.filter(([, value]) => value !== ''));
  const {
    status,
    headers: answered,
    said,
  } = await new Promise<{ status?: number | undefined; headers: object; said: string }>((resolve, reject) => {
    const request = rawRequest(
      `${servers[way]?.url}${path}`,
      { method, headers: sent, agent: false },
      async (response) =>
        resolve({ status: response.statusCode, headers: response.headers, said: await text(response) }),
    );
    request.on('error', reject).end(body);
  });
  return { answer: { status, headers: { ...answered, date: '' }, said }, took };
}

test.each<[string, string, Sent]>([
  ['plain', 'short', { body: '{"word":"a"}' }],
  ['in other letters than ASCII', 'short', { body: '{"word":"ü𝄞"}' }],
  ['with space before it', 'short', { body: ' \n{"word":"a"}' }],
  ['against the schema', 'short', { body: '{"word":1,"more":2,"__proto__":{}}' }],
  ['a list', 'short', { body: '[1]' }],
  ['refused', 'short', { body: '{"word":"refuse"}' }],
  ['a crash', 'short', { body: '{"word":"crash"}' }],
  ['cut short', '', { body: '{"word":' }],
  ['a bare value', '', { body: '"word"' }],
  ['no UTF-8', 'short', { body: Buffer.from('{"word":"\xff"}', 'latin1') }],
  ['with a NUL', '', { body: '{"word":"a\\u0000"}' }],
  ['too deep', '', { body: `{"word":"a","inner":${'['.repeat(40)}${']'.repeat(40)}}` }],
  ['too long', '', { body: `{"word":"${'a'.repeat(1_000)}"}` }],
  ['without a token', '', { body: '{"word":"a"}', headers: { authorization: '' } }],
  ['with a charset', 'long', { body: '{"word":"a"}', headers: { 'content-type': 'application/json; charset=utf-8' } }],
  ['in another charset', '', { body: '{"word":"a"}', headers: { 'content-type': 'application/json; charset=latin1' } }],
  ['a form', '', { body: 'word=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['compressed', '', { body: '{"word":"a"}', headers: { 'content-encoding': 'gzip' } }],
  ['in chunks', 'long', { body: '{"word":"a"}', headers: { 'content-length': '', 'transfer-encoding': 'chunked' } }],
  ['without a body', 'long', { headers: { 'content-type': '' } }],
  ['with a query', 'long', { path: '/x?y=1', body: '{"word":"a"}' }],
  ['with a slash', 'long', { path: '/x/', body: '{"word":"a"}' }],
  ['a GET', '', { method: 'GET', headers: { 'content-type': '', 'content-length': '' } }],
])('A6: a request that is %s gets the same answer either way', async (_what, taken, sent) => {
  const long = await ask('long', sent);
  const short = await ask('short', sent);
  expect(short.answer).toEqual(long.answer);
  expect(short.took).toEqual(taken === '' ? [] : [taken]);
  expect(long.took).toEqual(taken === '' ? [] : ['long']);
  expect(await told('short')).toEqual(await told('long'));
});

/** The lines of the last request, but for what differs between any two. Its own comes after its answer. */
async function told(way: string) {
  await poll(() => lines[way]?.some(({ msg }) => msg === 'request'));
  const same = { time: '', traceparent: '', duration_ms: 0, err: '', route: '' };
  return lines[way]?.splice(0).map((line) => ({ ...line, ...same }));
}
