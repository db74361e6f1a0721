import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { clientOf, eventsOf, startReceiver, startSimulator, startWorld } from './world.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'revio-simulator-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('books, keys, timers and undelivered webhooks survive a restart', async () => {
  const stateFile = path.join(dir, 'state.json');
  const same = { apiKey: 'sk_test', brandId: 'brand', stateFile, payoutSettleMs: 2000 };
  const receiver = await startReceiver();
  receiver.answers(() => 500);
  const first = await startSimulator({ ...same, webhookUrl: receiver.url });
  const before = clientOf(first);
  await before.createPurchase('dep_1');
  first.control.pay({ reference: 'dep_1' });
  const { execution_url } = await before.createPayout('wd_1');
  await before.execute(execution_url);
  await first.control.settled();
  const truth = first.truth();
  await first.stop();
  expect(statSync(stateFile).mode & 0o777).toBe(0o600);

  const second = await startSimulator(same);
  expect(second.truth()).toEqual(truth);
  expect(second.companyPublicKeyPem).toBe(first.companyPublicKeyPem);
  expect(second.webhookPublicKeyPem).toBe(first.webhookPublicKeyPem);
  receiver.answers(() => 200);
  const already = receiver.received.length;
  await second.control.advance({ ms: 3_600_000 });
  expect(eventsOf(receiver).slice(already).sort()).toEqual(
    ['payout.created', 'payout.pending', 'payout.success', 'purchase.created', 'purchase.paid'].sort(),
  );
  expect(second.truth()).toMatchObject([{ status: 'paid' }, { status: 'success' }]);
});

test('the books are on disk soon after a change, for a simulator that is killed', async () => {
  const stateFile = path.join(dir, 'killed.json');
  const simulator = await startSimulator({ stateFile });
  await clientOf(simulator).createPurchase('dep_1');
  await expect.poll(() => readFileSync(stateFile, 'utf8'), { timeout: 5000 }).toContain('dep_1');
});

test('the control API over HTTP does what the typed one does, and is not under /api', async () => {
  const { client, simulator } = await startWorld();
  const sim = (method: string, name: string, body?: unknown) =>
    client.call(method, `${simulator.url}/_sim/${name}`, body);
  await client.createPurchase('dep_1');
  expect(await sim('POST', 'pay', { reference: 'dep_1' })).toMatchObject({ status: 200, body: { status: 'paid' } });
  expect(await sim('POST', 'pay', { reference: 'dep_1' })).toMatchObject({ status: 409, body: { code: 'refused' } });
  expect(await sim('POST', 'pay', { refrence: 'dep_1' })).toMatchObject({ status: 400 });
  expect((await sim('GET', 'truth')).body).toEqual(simulator.truth());
  expect((await sim('GET', 'objects?reference=dep_1')).body).toMatchObject([{ type: 'purchase', status: 'paid' }]);
  expect((await sim('POST', 'advance', { ms: 1000 })).body).toMatchObject({ fired: expect.any(Number) });
  expect(await sim('POST', 'faults', { route: 'POST /payouts/', kind: '429', seconds: 3 })).toMatchObject({
    status: 200,
  });
  expect((await client.call('POST', '/payouts/', client.payout('wd_1'))).headers.get('retry-after')).toBe('3');
  expect(await sim('POST', 'faults', { route: 'POST /payouts/', kind: 'unheard_of' })).toMatchObject({ status: 400 });
  expect((await sim('GET', 'deliveries')).body).toMatchObject([
    { event: 'purchase.created' },
    { event: 'purchase.paid' },
  ]);
  expect((await sim('GET', 'requests')).body).toMatchObject({ counts: { 'POST /purchases/': 1, 'POST /payouts/': 1 } });
  expect((await client.call('GET', '/_sim/truth/')).status).toBe(404);
});

test('a body over the limit → 413', async () => {
  const { client } = await startWorld();
  const reply = await client.call('POST', '/purchases/', { padding: 'x'.repeat(1024 * 1024) });
  expect(reply.status).toBe(413);
});
