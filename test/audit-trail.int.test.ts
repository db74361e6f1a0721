import { randomBytes, randomUUID } from 'node:crypto';
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

interface Line {
  service: string;
  kind: string;
  text: string;
  ids: Record<string, string>;
  trace_id: string | null;
}

/** Each place of a flow that keeps a trace, as `service kind`, and where several do, what it is about. */
const placesOf = (lines: readonly Line[], traceId: string) =>
  lines
    .filter(({ trace_id }) => trace_id === traceId)
    .map(({ service, kind, text }) => `${service} ${kind} ${text.split(/[ :]/)[0]}`);

/** A client's own `traceparent`, which the gateway takes over. */
const ownTrace = () => {
  const traceId = randomBytes(16).toString('hex');
  return { traceId, headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` } };
};

test('O3: a deposit and a withdrawal are one trace each, from HTTP over worker, outbox, broker and inbox to the ledger of five services', async () => {
  const admin = await newAdmin();
  const user = await system.signUp();
  const storyOf = async (id: string): Promise<{ incomplete: string[]; cut: string[]; data: Line[] }> =>
    expectStatus(await admin.ask('GET', `/admin/transactions/${id}/story`), 200).body;
  const until = (id: string, traceId: string, places: readonly string[]) =>
    poll(
      async () => {
        const { data } = await storyOf(id);
        const missing = places.filter((place) => !placesOf(data, traceId).includes(place));
        if (missing.length > 0) throw new Error(`${missing.join(', ')} missing of ${JSON.stringify(data, null, 2)}`);
        return true;
      },
      { timeoutMs: 60_000 },
    );

  const paid = ownTrace();
  const deposit = expectStatus(await user.deposit('150.00', { headers: paid.headers }), 201).body;
  system.simulator.control.pay({ reference: deposit.id });
  await until(deposit.id, paid.traceId, [
    'payments request A',
    'payments told payments.deposit-requested.v1',
    'payments told payments.purchase-created.v1',
    'reconciler heard payments.deposit-requested.v1',
    'reconciler heard webhooks.revio-event-received.v1',
    'reconciler told reconciler.deposit-settled.v1',
    'wallet heard reconciler.deposit-settled.v1',
    'wallet posting credit',
    'wallet told wallet.deposit-credited.v1',
    'payments heard wallet.deposit-credited.v1',
    'webhooks heard reconciler.observation-handled.v1',
    'gateway heard payments.transaction-completed.v1',
  ]);
  const handled = /^purchase\.paid, plain signature by the (webhook|company) key; completed \(.+\) \d+ ms later/;
  await poll(async () => (await storyOf(deposit.id)).data.some(({ text }) => handled.test(text)), {
    timeoutMs: 60_000,
  });
  const story = await storyOf(deposit.id);
  expect(story).toMatchObject({ incomplete: [], cut: [] });
  const posting = story.data.find(({ kind }) => kind === 'posting');
  expect(posting?.text).toBe('credit: revio:clearing -150.00, available +150.00 ZAR');

  const sent = ownTrace();
  const { id } = expectStatus(await user.withdraw('60.00', { headers: sent.headers }), 202).body;
  await poll(() => system.simulator.truth().some((row) => row.reference === id && row.status === 'pending'));
  system.simulator.control.payoutSucceed({ reference: id });
  await until(id, sent.traceId, [
    'payments request A',
    'wallet posting hold',
    'payments told payments.payout-submitted.v1', // by a worker that found the row
    'reconciler heard payments.payout-submitted.v1',
    'reconciler told reconciler.payout-settled.v1', // because of a webhook, which has a trace of its own
    'wallet posting post',
    'payments heard wallet.hold-posted.v1',
    'webhooks heard reconciler.observation-handled.v1',
    'gateway heard payments.transaction-completed.v1',
  ]);

  const known = JSON.stringify([story, await storyOf(id)]);
  for (const personal of [user.email, 'MOKOENA', '62000000001']) expect(known).not.toContain(personal);
});

test('O3: a trace that is none is not taken over, an unknown transaction has no story, and a service that is down is named', async () => {
  const admin = await newAdmin();
  const user = await system.signUp();
  const forged = { traceparent: `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01` };
  const { id } = expectStatus(await user.deposit('20.00', { headers: forged }), 201).body;
  const path = `/admin/transactions/${id}/story`;
  const [line] = expectStatus(await admin.ask('GET', path), 200).body.data;
  expect(line).toMatchObject({ service: 'payments', kind: 'request', ids: { request_id: expect.any(String) } });
  expect(line.trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);

  const nobodys = `/admin/transactions/${id.slice(0, -4)}ZZZZ/story`;
  expect(await admin.ask('GET', nobodys)).toMatchObject({ status: 404, body: { code: 'transaction_not_found' } });
  expect(await user.call('GET', path)).toMatchObject({ status: 403, body: { code: 'forbidden' } });

  await system.stop('wallet');
  const { body } = expectStatus(await admin.ask('GET', path), 200);
  expect(body).toMatchObject({ incomplete: ['wallet'], data: expect.arrayContaining([line]) });
  expect(await admin.ask('GET', nobodys)).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
});
