import { randomBytes, randomUUID } from 'node:crypto';
import { Router } from 'express';
import supertest from 'supertest';
import { expect, test } from 'vitest';
import { type Actor, requireInternal, signInternalToken } from '#libs/auth';
import { createMemoryDatabase } from '#libs/db';
import { createApp } from '#libs/http';
import { memoryMessages } from '#libs/messaging';
import { createLogger } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { inboxRoute } from '../index.ts';

const key = randomBytes(32);
const memory = createMemoryDatabase();
const messages = memoryMessages(memory, { source: 'wallet', newUuid: randomUUID, now: () => new Date() });
const transact = memory.over(messages);
const routes = Router()
  .use(requireInternal({ audience: 'wallet', keys: [key] }))
  .use(inboxRoute({ transact }));
const logger = createLogger({ name: 'test', level: 'silent' });
const app = createApp({ logger, metrics: createMetrics('test'), jsonLimitBytes: 65_536, routes });

const reconciler: Actor = { kind: 'service', service: 'reconciler' };
const ask = (json: object, actor: Actor = reconciler) =>
  supertest(app)
    .post('/inbox-lookups')
    .set('authorization', `Bearer ${signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 })}`)
    .send(json);

test('W8 M6: the reconciler is told which messages were handled', async () => {
  const [handled, other] = [randomUUID(), randomUUID()];
  await transact((tx) => tx.claimMessage(handled));
  const answer = await ask({ message_ids: [other, handled] });
  expect([answer.status, answer.body]).toEqual([200, { handled: [handled] }]);
});

test.each<[string, Actor]>([
  ['another service', { kind: 'service', service: 'payments' }],
  ['an admin', { kind: 'user', userId: randomUUID(), role: 'admin', email: 'user@example.com' }],
])('A3 A4: %s is told nothing', async (_who, actor) => {
  expect((await ask({ message_ids: [randomUUID()] }, actor)).status).toBe(403);
  expect((await supertest(app).post('/inbox-lookups').send({})).status).toBe(401);
});

test.each([{}, { message_ids: [] }, { message_ids: ['1'] }, { message_ids: [randomUUID()], more: 1 }])(
  'A6: %j is refused',
  async (json) => {
    expect((await ask(json)).status).toBe(422);
  },
);
