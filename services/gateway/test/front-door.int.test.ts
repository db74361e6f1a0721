import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '#libs/runtime';
import { poll } from '#libs/testing';
import { config } from '../src/config.ts';
import { type GatewayStack, startGateway } from './stack.ts';

let gateway: GatewayStack;

beforeAll(async () => {
  gateway = await startGateway({ CORS_ORIGINS: 'https://app.example.com, https://admin.example.com:8443' });
});
afterAll(() => gateway?.close());

const preflight = (origin: string) =>
  gateway.call('OPTIONS', '/api/v1/deposits', {
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'idempotency-key' },
  });

test.each(['https://app.example.com', 'https://admin.example.com:8443'])(
  'A6: scripts of %s may call us',
  async (origin) => {
    const asked = await preflight(origin);
    expect(asked).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-headers': expect.stringContaining('Idempotency-Key'),
        'access-control-allow-methods': expect.stringContaining('DELETE'),
        vary: expect.stringContaining('Origin'),
      },
    });
    const answer = await gateway.call('GET', '/api/v1/me', { headers: { origin } });
    expect(answer.status).toBe(401); // an error is for the script to read, too
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': expect.stringContaining('Retry-After'),
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  },
);

test.each([
  'https://evil.example',
  'https://app.example.com.evil.example',
  'http://app.example.com',
  'https://app.example.com:444',
  'https://APP.example.com',
  'null',
])('A6: scripts of %s may not', async (origin) => {
  for (const answer of [await preflight(origin), await gateway.call('GET', '/api/v1/me', { headers: { origin } })])
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

test.each(['*', 'app.example.com', 'https://app.example.com/', 'https://App.example.com', 'javascript:alert(1)'])(
  'A6: %s is no origin that could be allowed',
  (origin) => {
    expect(() => loadConfig(config, { CORS_ORIGINS: origin })).toThrow(/CORS_ORIGINS: must be origins/);
  },
);

test.each(['short', 'a'.repeat(65), 'has space', 'semi;colon', 'näh', '"quoted"'])(
  'A6: the request id %j is not taken over',
  async (id) => {
    const { headers } = await gateway.call('GET', '/api/v1/me', { headers: { 'x-request-id': id } });
    expect(headers['x-request-id']).not.toBe(id);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test('A7: whoever tries what they may not is in the audit log, whoever refused it', async () => {
  const token = await gateway.login('curious@example.test');
  const headers = { authorization: `Bearer ${token}` };
  expect((await gateway.call('GET', '/api/v1/admin/audit-log', { headers })).status).toBe(403);
  gateway.reconciler.answer = (response) =>
    void response
      .status(403)
      .type('application/problem+json')
      .send(JSON.stringify({ code: 'forbidden' }));
  expect((await gateway.call('POST', '/api/v1/admin/cases/x1/dismiss', { headers, body: {} })).status).toBe(403);
  expect((await gateway.call('GET', '/api/v1/admin/cases?status=open', { headers })).status).toBe(403);
  const owner = new pg.Client({ connectionString: gateway.ownerUrl });
  await owner.connect();
  try {
    const kept = await poll(async () => {
      const { rows } = await owner.query(
        `SELECT about, address, actor_id IS NOT NULL AS known FROM audit_log WHERE action = 'access_refused' ORDER BY seq`,
      );
      return rows.length === 3 ? rows : undefined;
    });
    expect(kept).toEqual([
      { about: 'GET-api-v1-admin-audit-log', address: '127.0.0.1', known: true },
      { about: 'POST-api-v1-admin-cases-x1-dismiss', address: '127.0.0.1', known: true },
      { about: 'GET-api-v1-admin-cases', address: '127.0.0.1', known: true },
    ]);
  } finally {
    await owner.end();
  }
});

test('A2: half an external issuer is a mistake that is named at the start', async () => {
  await expect(gateway.replica({ JWT_EXTERNAL_ISSUER: 'https://issuer.example/' })).rejects.toMatchObject({
    cause: { mistakes: [expect.stringContaining('JWT_EXTERNAL_JWKS_URL')] },
  });
});
