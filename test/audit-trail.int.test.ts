import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import { verifyAudit } from '../services/gateway/src/audit/verify-audit.ts';
import { call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** A7: what an admin does in another service is a line of the gateway's chain, over the real broker. */
let system: System;

beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system?.close());

async function newAdmin(): Promise<{
  id: string;
  ask: (method: string, path: string, json?: unknown) => ReturnType<typeof call>;
}> {
  const body = { email: `${randomUUID()}@example.co.za`, password: 'Correct-Horse-1' };
  const api = `${system.gatewayUrl}/api/v1`;
  const { id } = expectStatus(await call('POST', `${api}/auth/register`, body), 201).body;
  await grantRole(system.databases.gateway.ownerUrl, body.email, 'admin');
  const { access_token } = expectStatus(await call('POST', `${api}/auth/login`, body), 200).body;
  const authorization = `Bearer ${access_token}`;
  return { id, ask: (method, path, json) => call(method, api + path, json, { authorization }) };
}

test('A7: an admin’s freeze is in the audit log with how they came to be an admin, and the chain holds', async () => {
  const admin = await newAdmin();
  const user = await system.signUp();
  const { id: userId } = (await user.call('GET', '/me')).body;
  const frozen = expectStatus(
    await admin.ask('POST', '/admin/freezes', {
      scope: 'wallet',
      user_id: userId,
      currency: 'ZAR',
      reason: 'suspicion',
    }),
    200,
    201,
  );
  const acts = await poll(async () => {
    const { body } = expectStatus(await admin.ask('GET', `/admin/audit-log?actor_id=${admin.id}&source=wallet`), 200);
    return body.data.length > 0 ? body.data : undefined;
  });
  expect(acts).toMatchObject([{ source: 'wallet', actor_id: admin.id, about: frozen.body.id }]);
  const history = expectStatus(await admin.ask('GET', `/admin/audit-log?about=${admin.id}`), 200).body.data;
  expect(history.map(({ action }: { action: string }) => action)).toEqual(['role_granted_admin', 'registered']);

  const refused = await user.call('GET', '/admin/audit-log');
  expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  const db = await connectDatabase({
    url: system.databases.gateway.url,
    entities: [],
    poolMax: 1,
    applicationName: 'test',
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  try {
    expect(await verifyAudit(db.read)).toMatchObject({ ok: true });
  } finally {
    await db.close();
  }
});
