import { request as rawRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger, currentContext } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { poll } from '#libs/testing';
import {
  answerJson,
  createApp,
  type Listening,
  listen,
  Problem,
  parseBody,
  type ShortRoute,
  type Step,
} from '../index.ts';

/** The same routes twice: all the way through Express, and by the short path where it may be taken. */
const body = z.strictObject({ word: z.string(), inner: z.unknown().optional() });
let took: string[] = [];
const guard: Step = (request, _response, next) => {
  took.push('get' in request ? 'long' : 'short');
  if (request.headers.authorization === undefined)
    throw new Problem('unauthenticated', { headers: { 'www-authenticate': 'Bearer' } });
  next();
};
const answer: Step = async (request, response) => {
  const { word } = parseBody(body, request);
  if (word === 'crash') throw new Error('password is hunter2');
  if (word === 'refuse') throw new Problem('forbidden');
  answerJson(response, { word, ...currentContext(), traceparent: currentContext().traceparent?.slice(0, 35) });
};
const echo: Step = ({ params, body }, response) => answerJson(response, { params: { ...params }, body: body ?? null });
/** Refuses, now or later, whom a header says. */
const limit =
  (name: string): Step =>
  async (request, response, next) => {
    response.setHeader('limited-by', [response.getHeader('limited-by') ?? [], name].flat().join());
    if (request.headers['x-now'] === name) throw new Problem('rate_limited', { headers: { 'retry-after': '7' } });
    await Promise.resolve();
    if (request.headers['x-later'] === name) throw new Problem('rate_limited', { headers: { 'retry-after': '7' } });
    next();
  };
const ofRoute = limit('route');
const table: readonly ShortRoute[] = [
  { method: 'POST', path: '/x', beforeBody: [ofRoute], steps: [guard, answer] },
  { method: 'GET', path: '/y/all', steps: [guard, echo] },
  { method: 'GET', path: '/y/:id', steps: [guard, echo] },
  { method: 'POST', path: '/y/:id/parts/:part', steps: [guard, echo] },
  { method: 'DELETE', path: '/y/:id', steps: [guard, echo] },
];

const lines: Record<string, { msg?: string }[]> = { long: [], short: [] };
const servers: Record<string, Listening> = {};
beforeAll(async () => {
  for (const way of ['long', 'short']) {
    const destination = { write: (line: string) => void lines[way]?.push(JSON.parse(line)) };
    const logger = createLogger({ name: 'test', level: 'info', destination });
    const options = { logger, metrics: createMetrics('test'), jsonLimitBytes: 1_000, front: [limit('front')] };
    const routes = express.Router();
    const beforeBody = express.Router().post('/x', ofRoute);
    for (const { method, path, steps } of table)
      routes[method.toLowerCase() as Lowercase<typeof method>](path, ...steps);
    const shortRoutes = way === 'long' ? [] : table;
    const app = createApp({ ...options, beforeBody, routes, shortRoutes });
    servers[way] = await listen(app, { host: '127.0.0.1', port: 0 });
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
      servers[way]?.url ?? '',
      { method, path, headers: sent, agent: false },
      async (response) =>
        resolve({ status: response.statusCode, headers: response.headers, said: await text(response) }),
    );
    request.on('error', reject).end(body);
  });
  return { answer: { status, headers: { ...answered, date: '' }, said }, took };
}

const bare = { 'content-type': '', 'content-length': '' };

/** By which way the short one goes; '' where nothing gets as far as the route. */
test.each<[string, string, Sent]>([
  ['plain', 'short', { body: '{"word":"a"}' }],
  ['in other letters than ASCII', 'short', { body: '{"word":"ü𝄞"}' }],
  ['with space before it', 'short', { body: ' \n{"word":"a"}' }],
  ['with a byte order mark', 'short', { body: '\ufeff{"word":"a"}' }],
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
  ['without a token', 'short', { body: '{"word":"a"}', headers: { authorization: '' } }],
  ['beyond everybody’s limit', '', { body: '{"word":"a"}', headers: { 'x-now': 'front' } }],
  ['beyond everybody’s limit, found out later', '', { body: '{"word":"a"}', headers: { 'x-later': 'front' } }],
  ['beyond the limit of its route', '', { body: '{"word":"a"}', headers: { 'x-now': 'route' } }],
  ['beyond the limit of its route, found out later', '', { body: '{"word', headers: { 'x-later': 'route' } }],
  ['with a charset', 'long', { body: '{"word":"a"}', headers: { 'content-type': 'application/json; charset=utf-8' } }],
  ['in another charset', '', { body: '{"word":"a"}', headers: { 'content-type': 'application/json; charset=latin1' } }],
  ['a form', '', { body: 'word=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['of no type', '', { body: '{"word":"a"}', headers: { 'content-type': '' } }],
  ['compressed', '', { body: '{"word":"a"}', headers: { 'content-encoding': 'gzip' } }],
  ['in chunks', 'long', { body: '{"word":"a"}', headers: { 'content-length': '', 'transfer-encoding': 'chunked' } }],
  ['waiting for a word', 'long', { body: '{"word":"a"}', headers: { expect: '100-continue' } }],
  ['without a body', 'short', { headers: { 'content-type': '' } }],
  ['without a body, of a type', 'long', {}],
  ['with a query', 'long', { path: '/x?y=1', body: '{"word":"a"}' }],
  ['with a slash', 'long', { path: '/x/', body: '{"word":"a"}' }],
  ['in capitals', 'long', { path: '/X', body: '{"word":"a"}' }],
  ['for the whole address', 'long', { path: 'http://example.test/x', body: '{"word":"a"}' }],
  ['a GET of nothing', '', { method: 'GET', headers: bare }],
  ['a GET', 'short', { method: 'GET', path: '/y/a-1_B', headers: bare }],
  ['a GET without a token', 'short', { method: 'GET', path: '/y/1', headers: { ...bare, authorization: '' } }],
  ['a GET of what is named twice', 'short', { method: 'GET', path: '/y/all', headers: bare }],
  ['a GET of a type', 'long', { method: 'GET', path: '/y/1', headers: { 'content-length': '' } }],
  ['a GET with a body', 'short', { method: 'GET', path: '/y/1', body: '{"a":1}' }],
  ['a GET with half a body', '', { method: 'GET', path: '/y/1', body: '{"a":' }],
  ['a HEAD', 'long', { method: 'HEAD', path: '/y/1', headers: bare }],
  ['an OPTIONS', '', { method: 'OPTIONS', path: '/y/1', headers: bare }],
  ['a PATCH', '', { method: 'PATCH', path: '/y/1', body: '{}' }],
  ['a DELETE', 'short', { method: 'DELETE', path: '/y/1', headers: bare }],
  ['of two words', 'short', { path: '/y/1/parts/2', body: '{"a":1}' }],
  ['of two words and no body', 'short', { path: '/y/1/parts/2', headers: { 'content-type': '' } }],
  ['of an encoded word', 'long', { method: 'GET', path: '/y/%61%2Fb', headers: bare }],
  ['of a word that does not decode', '', { method: 'GET', path: '/y/%zz', headers: bare }],
  ['of a word with a dot', 'long', { method: 'GET', path: '/y/..', headers: bare }],
  ['one word too long', '', { method: 'GET', path: '/y/1/2', headers: bare }],
])('A6: a request that is %s gets the same answer either way', async (_what, taken, sent) => {
  const long = await ask('long', sent);
  const short = await ask('short', sent);
  expect(short.answer).toEqual(long.answer);
  expect(short.took).toEqual(taken === '' ? [] : [taken]);
  expect(long.took).toEqual(taken === '' ? [] : ['long']);
  expect(await told('short')).toEqual(await told('long'));
});

/** The lines of the last request, with the route that its metric has, but for what differs between any two. Its own comes after its answer. */
async function told(way: string) {
  await poll(() => lines[way]?.some(({ msg }) => msg === 'request'));
  const same = { time: '', traceparent: '', duration_ms: 0, err: '' };
  return lines[way]?.splice(0).map((line) => ({ ...line, ...same }));
}
