import express from 'express';
import supertest from 'supertest';
import { expect, test } from 'vitest';
import { createApp } from '#libs/http';
import { createLogger } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import {
  type Actor,
  requireAdmin,
  requireInternal,
  requireService,
  requireStaff,
  requireUser,
  signInternalToken,
} from './index.ts';

const key = Buffer.alloc(32, 1);
const routes = express.Router();
routes.get('/unguarded', (request, response) => void response.json(requireUser(request)));
routes.use(requireInternal({ audience: 'wallet', keys: [key] }));
routes.get('/user', (request, response) => void response.json(requireUser(request)));
routes.get('/staff', (request, response) => void response.json(requireStaff(request)));
routes.get('/admin', (request, response) => void response.json(requireAdmin(request)));
routes.get('/payments', (request, response) => void response.json(requireService(request, ['payments'])));
const logger = createLogger({ name: 'test', level: 'silent' });
const app = createApp({ logger, metrics: createMetrics('test'), jsonLimitBytes: 1000, routes });

const user: Actor = {
  kind: 'user',
  userId: '6b1f5c3e-8d35-4b7a-9d0a-2f6f5a0f7c11',
  role: 'user',
  email: 'payer@example.com',
};
const get = (path: string, actor?: Actor) => {
  const call = supertest(app).get(path);
  if (actor === undefined) return call;
  return call.set('authorization', `Bearer ${signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 })}`);
};

test('A4: a call without a token, with junk, or to a route that forgot its guard is 401', async () => {
  const calls = [get('/user'), get('/user').set('authorization', 'Bearer x'), get('/unguarded', user)];
  for (const answer of await Promise.all(calls)) {
    expect([answer.status, answer.body.code, answer.headers['www-authenticate']]).toEqual([
      401,
      'unauthenticated',
      'Bearer',
    ]);
  }
});

test('A4: no other header makes anybody of anyone', async () => {
  const answer = await get('/user').set('x-user-id', user.userId).set('x-role', 'admin');
  expect(answer.status).toBe(401);
});

test('A3: a user is not a service, a service is not a user, and not every service is the one asked for', async () => {
  expect((await get('/user', user)).body).toEqual(user);
  expect((await get('/payments', { kind: 'service', service: 'payments' })).status).toBe(200);
  expect((await get('/user', { kind: 'service', service: 'payments' })).status).toBe(403);
  expect((await get('/payments', user)).status).toBe(403);
  expect((await get('/payments', { kind: 'service', service: 'webhooks' })).status).toBe(403);
});

test('A3: only admins are admins', async () => {
  const statusAs = async (actor: Actor) => (await get('/admin', actor)).status;
  expect(await statusAs({ ...user, role: 'admin' })).toBe(200);
  expect(await statusAs({ ...user, role: 'support' })).toBe(403);
  expect(await statusAs(user)).toBe(403);
  expect(await statusAs({ kind: 'service', service: 'payments' })).toBe(403);
});

test('A3: support and admins are staff; users and services are not', async () => {
  const statusAs = async (actor: Actor) => (await get('/staff', actor)).status;
  expect(await statusAs({ ...user, role: 'support' })).toBe(200);
  expect(await statusAs({ ...user, role: 'admin' })).toBe(200);
  expect(await statusAs(user)).toBe(403);
  expect(await statusAs({ kind: 'service', service: 'payments' })).toBe(403);
});
