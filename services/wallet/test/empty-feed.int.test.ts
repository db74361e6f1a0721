import { randomBytes } from 'node:crypto';
import express from 'express';
import request from 'supertest';
import { expect, test } from 'vitest';
import { requireInternal, signInternalToken } from '#libs/auth';
import { connectDatabase } from '#libs/db';
import { createApp } from '#libs/http';
import { createMetrics } from '#libs/telemetry';
import { freshDatabase } from '#libs/testing';
import { postingRoutes } from '../src/postings/posting-routes.ts';
import { logger } from './ledgers.ts';

test('I9: of a wallet without any posting the feed is at its start, and says so', async () => {
  const fresh = await freshDatabase('wallet');
  const db = await connectDatabase({ url: fresh.url, entities: [], poolMax: 1, applicationName: 'test', logger });
  try {
    const key = randomBytes(32);
    const guard = requireInternal({ audience: 'wallet', keys: [key] });
    const routes = express.Router().use(guard, postingRoutes(db.read));
    const app = createApp({ logger, metrics: createMetrics('test'), jsonLimitBytes: 1_024, routes });
    const actor = { kind: 'service', service: 'reconciler' } as const;
    const token = signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 });
    const { status, body } = await request(app).get('/postings').set('authorization', `Bearer ${token}`);
    expect({ status, body }).toEqual({ status: 200, body: { data: [], next: null, held_back_since: null } });
  } finally {
    await db.close();
    await fresh.close();
  }
});
