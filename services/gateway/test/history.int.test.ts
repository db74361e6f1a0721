import { randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { type GatewayStack, startGateway } from './stack.ts';

/** T3 T4: what the gateway itself does about history: files as they come, and whose e-mail is whose. */
let gateway: GatewayStack;
const people: Record<'user' | 'support', { id: string; token: string; email: string }> = {
  user: { id: '', token: '', email: 'payer@example.test' },
  support: { id: '', token: '', email: 'support@example.test' },
};

beforeAll(async () => {
  gateway = await startGateway();
  const owner = new pg.Client({ connectionString: gateway.ownerUrl });
  await owner.connect();
  for (const [role, person] of Object.entries(people)) {
    await gateway.call('POST', '/api/v1/auth/register', { body: { email: person.email, password: 'Abcdefg1' } });
    const { rows } = await owner.query('UPDATE users SET role = $1 WHERE email = $2 RETURNING id', [
      role,
      person.email,
    ]);
    person.id = rows[0].id;
    person.token = await gateway.login(person.email);
  }
  await owner.end();
});
afterAll(() => gateway?.close());
beforeEach(() => {
  gateway.payments.arrivals.length = 0;
});

const read = (person: { token: string }, path: string) =>
  gateway.call('GET', `/api/v1${path}`, { headers: { authorization: `Bearer ${person.token}` } });
const lastUrl = () => gateway.payments.arrivals.at(-1)?.url;

test('T4: user_email becomes the user_id that payments knows, in any spelling; an unknown address is nobody', async () => {
  gateway.payments.answer = (response) => void response.json({ data: [] });
  const { support, user } = people;
  const nobody = '00000000-0000-0000-0000-000000000000';
  const asked = async (query: string) => {
    expect((await read(support, `/admin/transactions${query}`)).status).toBe(200);
    return lastUrl();
  };
  expect(await asked('')).toBe('/admin/transactions');
  expect(await asked('?user_email=%20Payer%40Example.test&type=deposit')).toBe(
    `/admin/transactions?type=deposit&user_id=${user.id}`,
  );
  expect(await asked('?user_email=nobody%40example.test')).toBe(`/admin/transactions?user_id=${nobody}`);
  expect(await asked(`?user_email=payer%40example.test&user_id=${user.id}`)).toBe(
    `/admin/transactions?user_id=${user.id}`,
  );
  expect(await asked(`?user_email=payer%40example.test&user_id=${randomUUID()}`)).toBe(
    `/admin/transactions?user_id=${nobody}`,
  );
  for (const wrong of [
    '?user_email=payer',
    '?user_email=',
    '?user_email=a%40example.test&user_email=b%40example.test',
  ]) {
    expect(await read(support, `/admin/transactions${wrong}`)).toMatchObject({
      status: 422,
      json: { code: 'validation_failed', errors: [{ pointer: '/user_email' }] },
    });
  }
});

test('T4: a page says whose each transaction is, and so does one alone; who is gone has no address', async () => {
  const { support, user } = people;
  const stranger = randomUUID();
  gateway.payments.answer = (response) =>
    void response.json({
      data: [
        { user_id: user.id, id: 'dep_1' },
        { user_id: stranger, id: 'dep_2' },
      ],
      summary: [],
    });
  expect((await read(support, '/admin/transactions')).json).toEqual({
    data: [
      { user_email: user.email, user_id: user.id, id: 'dep_1' },
      { user_email: null, user_id: stranger, id: 'dep_2' },
    ],
    summary: [],
  });
  gateway.payments.answer = (response) => void response.json({ user_id: user.id, id: 'dep_1' });
  expect((await read(support, '/admin/transactions/dep_1')).json).toEqual({
    user_email: user.email,
    user_id: user.id,
    id: 'dep_1',
  });
  gateway.payments.answer = (response) =>
    void response.status(404).type('application/problem+json').send('{"code":"x"}');
  expect((await read(support, '/admin/transactions/dep_1')).status).toBe(404);
});

test('A3: a user who asks for other people’s transactions learns nothing of their addresses: the service refuses, and is not told', async () => {
  gateway.payments.answer = (response) =>
    void response.status(403).type('application/problem+json').send('{"code":"forbidden"}');
  expect((await read(people.user, '/admin/transactions?user_email=support%40example.test')).status).toBe(403);
  expect(lastUrl()).toBe('/admin/transactions?user_email=support%40example.test');
});

const piece = randomBytes(64 * 1024);

/** Writes until nothing more is taken; says how much that was. */
function endless(response: Response, state: { written: number; closed: boolean }): void {
  response.set({
    'content-type': 'text/csv',
    'content-disposition': 'attachment; filename="t.csv"',
    'x-internal': 'secret',
  });
  response.on('close', () => {
    state.closed = true;
  });
  const go = (): void => {
    while (!state.closed && response.write(piece)) state.written += piece.length;
    state.written += piece.length;
    response.once('drain', go);
  };
  go();
}

function download(on: (response: http.IncomingMessage) => void): http.ClientRequest {
  const headers = { authorization: `Bearer ${people.user.token}` };
  return http
    .get(`${gateway.url}/api/v1/transactions/export?format=csv`, { headers, agent: false }, on)
    .on('error', () => undefined);
}

test('T3: a file passes through as it comes: a client that takes nothing stops the service, one that leaves ends it', async () => {
  const state = { written: 0, closed: false };
  gateway.payments.answer = (response) => endless(response, state);
  const calls = await new Promise<http.ClientRequest>((resolve) => {
    const made = download((response) => {
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-disposition']).toBe('attachment; filename="t.csv"');
      expect(response.headers['x-internal']).toBeUndefined();
      response.pause();
      resolve(made);
    });
  });
  expect(lastUrl()).toBe('/transactions/export?format=csv');
  let before = -1;
  await poll(async () => {
    const still = state.written === before;
    before = state.written;
    if (!still) await sleep(100);
    return still;
  });
  // What sockets and pipes hold, and not a file of any length.
  expect(state.written).toBeLessThan(24 * 1024 * 1024);
  expect(state.closed).toBe(false);
  calls.destroy();
  await poll(() => state.closed);
});

test('T3: a file that breaks off does not look whole', async () => {
  gateway.payments.answer = (response) => {
    response.set('content-type', 'text/csv').write('half a line');
    setImmediate(() => response.destroy());
  };
  const ended = await new Promise<string>((resolve) => {
    download((response) => {
      response
        .resume()
        .on('end', () => resolve('end'))
        .on('error', () => resolve('broken'));
    });
  });
  expect(ended).toBe('broken');
});

test.each([
  [
    'a problem of the service',
    (response: Response) => response.status(422).type('application/problem+json').send('{"code":"validation_failed"}'),
    422,
    'validation_failed',
  ],
  [
    'a 401, which is ours',
    (response: Response) => response.status(401).type('application/problem+json').send('{}'),
    503,
    'service_unavailable',
  ],
  [
    'a page that no service of ours wrote',
    (response: Response) => response.type('text/html').send('<html>'),
    503,
    'service_unavailable',
  ],
  ['no answer', (response: Response) => response.destroy(), 503, 'service_unavailable'],
] as const)('T3: instead of a file: %s', async (_what, answer, status, code) => {
  gateway.payments.answer = (response) => void answer(response);
  expect(await read(people.user, '/transactions/export')).toMatchObject({ status, json: { code } });
});
