import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayStack, startGateway } from './stack.ts';

let gateway: GatewayStack;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());

const register = (body: unknown) => gateway.call('POST', '/api/v1/auth/register', { body });
const login = (body: unknown) => gateway.call('POST', '/api/v1/auth/login', { body });
const me = (token: string) => gateway.call('GET', '/api/v1/me', { headers: { authorization: `Bearer ${token}` } });

test('A1 A2: who registers can log in, and is known by the token', async () => {
  const registered = await register({ email: ' First@Example.test', password: 'Abcdefg1' });
  expect(registered.status).toBe(201);
  expect(registered.json).toEqual({
    id: expect.any(String),
    email: 'first@example.test',
    role: 'user',
    created_at: expect.any(String),
  });
  const loggedIn = await login({ email: 'FIRST@example.test', password: 'Abcdefg1' });
  expect(loggedIn).toMatchObject({
    status: 200,
    json: { token_type: 'Bearer', expires_in: 900, refresh_token: expect.any(String) },
  });
  expect(loggedIn.headers['cache-control']).toBe('no-store');
  expect(await me(String(loggedIn.json['access_token']))).toMatchObject({ status: 200, json: registered.json });
});

test('A2: the published key set verifies the tokens, and may be cached', async () => {
  const token = await gateway.login('jwks@example.test');
  const { json, headers } = await gateway.call('GET', '/.well-known/jwks.json');
  expect(headers['cache-control']).toBe('public, max-age=300');
  const [key] = json['keys'] as [JsonWebKey];
  const claims = jwt.verify(token, createPublicKey({ key, format: 'jwk' }), {
    algorithms: ['ES256'],
    issuer: 'piggybank',
    audience: 'piggybank-api',
  });
  expect(claims).toMatchObject({ role: 'user', email: 'jwks@example.test' });
  expect(Object.keys(key)).not.toContain('d');
});

test('A1: an e-mail is taken in every spelling', async () => {
  await register({ email: 'taken@example.test', password: 'Abcdefg1' });
  const again = await register({ email: 'Taken@Example.test', password: 'Abcdefg1' });
  expect(again).toMatchObject({ status: 409, json: { code: 'email_taken' } });
});

test('A1 A6: all that a password lacks is named, and a field that is none is refused', async () => {
  const weak = await register({ email: 'weak@example.test', password: 'abc', role: 'admin' });
  expect(weak).toMatchObject({ status: 422, json: { code: 'validation_failed' } });
  expect(weak.headers['content-type']).toMatch(/^application\/problem\+json/);
  const errors = weak.json['errors'] as { pointer: string; code: string }[];
  const found = errors.map(({ pointer, code }) => `${pointer} ${code}`);
  expect(found.sort()).toEqual([
    '/password password_too_short',
    '/password password_without_digit',
    '/password password_without_upper_case',
    '/role unknown_field',
  ]);
  expect(JSON.stringify(weak.json)).not.toContain('abc"');
  expect((await login({ email: 'weak@example.test', password: 'abc' })).status).toBe(401);
});

test('A1: a wrong password and an unknown e-mail get the same answer', async () => {
  await register({ email: 'known@example.test', password: 'Abcdefg1' });
  const [wrong, unknown] = await Promise.all([
    login({ email: 'known@example.test', password: 'Abcdefg2' }),
    login({ email: 'unknown@example.test', password: 'Abcdefg2' }),
  ]);
  expect(wrong).toMatchObject({ status: 401, json: { code: 'invalid_credentials' } });
  expect({ ...unknown.json, request_id: null }).toEqual({ ...wrong.json, request_id: null });
});

test('A6: security headers come with every answer, errors too', async () => {
  for (const path of ['/.well-known/jwks.json', '/api/v1/me', '/nowhere']) {
    const { headers } = await gateway.call('GET', path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringContaining('max-age='),
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    });
    expect(headers['x-powered-by']).toBeUndefined();
  }
});

test('A6: a body that is too large, broken, compressed or of another type is refused as what it is', async () => {
  const path = '/api/v1/auth/login';
  const send = (body: string, headers: Record<string, string> = {}) => gateway.call('POST', path, { body, headers });
  expect(await send(`{"email":"${'a'.repeat(65_536)}"}`)).toMatchObject({
    status: 413,
    json: { code: 'body_too_large' },
  });
  expect(await send('{"email":')).toMatchObject({ status: 400, json: { code: 'malformed_json' } });
  expect(await send('{}', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 });
  const text = await fetch(gateway.url + path, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'text/plain' },
  });
  expect(text.status).toBe(415);
});

test('O3: it is ready without a broker, which only mails wait for', async () => {
  const ready = await fetch(`${gateway.opsUrl}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ checks: { database: true, broker: expect.any(String) } });
});
