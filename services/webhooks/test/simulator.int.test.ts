import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RevioSimulator, startRevioSimulator } from '#libs/revio-simulator';
import { newId } from '#libs/runtime';
import { startWebhooks, type WebhooksStack } from './stack.ts';

let simulator: RevioSimulator;
let webhooks: WebhooksStack;

beforeAll(async () => {
  simulator = await startRevioSimulator();
  const keys = [simulator.webhookPublicKeyPem, simulator.companyPublicKeyPem];
  webhooks = await startWebhooks({ env: { REVIO_WEBHOOK_PUBLIC_KEYS: JSON.stringify(keys) } });
  simulator.control.webhookUrl({ url: `${webhooks.url}/webhooks/revio` });
});
afterAll(async () => {
  await simulator?.stop();
  await webhooks?.close();
});

async function post(target: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(target.startsWith('http') ? target : `${simulator.url}/api/v1${target}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, unknown>;
}

const createPurchase = (reference: string) =>
  post('/purchases/', {
    client: { email: 'thandi@example.co.za' },
    purchase: { currency: 'ZAR', products: [{ name: 'Wallet top-up', price: 15000, quantity: '1' }], due_strict: true },
    brand_id: simulator.brandId,
    reference,
    success_callback: `${webhooks.url}/webhooks/revio`,
  });

/** What was told about a transaction, in order. */
async function toldOf(reference: string): Promise<string[]> {
  const rows = await webhooks.rows<{ told: string }>(
    `SELECT envelope->'data'->>'event_type' || ' ' || (envelope->'data'->'observation'->>'status') AS told
     FROM outbox WHERE envelope->'data'->'observation'->>'reference' = $1 ORDER BY id`,
    [reference],
  );
  return rows.map(({ told }) => told);
}

test('W1 M7: a deposit’s whole life is understood, webhook and callback keys alike', async () => {
  const reference = newId('dep');
  await createPurchase(reference);
  simulator.control.decline({ reference });
  simulator.control.pay({ reference });
  await simulator.control.settled();
  simulator.control.refund({ reference, amount: 5000 });
  simulator.control.chargeback({ reference });
  await simulator.control.settled();
  const told = await toldOf(reference);
  expect(told).toContain('purchase.created created');
  expect(told).toContain('purchase.payment_failure error');
  expect(told).toContain('purchase.paid paid');
  expect(told).toContain('payment.refunded success');
  expect(told).toContain('payment.charged_back success');
  // The callback's copy is the same snapshot: the same bytes are one delivery, others are told too; both are signed by a key of ours.
  const unverified = await webhooks.rows(
    `SELECT 1 FROM webhook_logs WHERE state IN ('unverified', 'refused', 'stored')`,
  );
  expect(unverified).toEqual([]);
});

test('W1: a withdrawal’s whole life is understood', async () => {
  const reference = newId('wd');
  const payout = await post('/payouts/', {
    client: { email: 'thandi@example.co.za', bank_account: '62000000001', bank_code: '250655' },
    payment: { amount: 6000, currency: 'ZAR', description: 'Withdrawal' },
    brand_id: simulator.brandId,
    reference,
  });
  await post(String(payout['execution_url']), {
    payout_type: 'bank',
    bank_name: 'FNB',
    bank_code: '250655',
    bank_account_name: 'T MOKOENA',
    bank_account_number: '62000000001',
  });
  simulator.control.payoutSucceed({ reference });
  await simulator.control.settled();
  expect(await toldOf(reference)).toEqual([
    'payout.created initialized',
    'payout.pending pending',
    'payout.success success',
  ]);
});

test('F8: a forged delivery is refused, and the retry that Revio signs itself is applied', async () => {
  const reference = newId('dep');
  simulator.control.faults.add({ event: 'purchase.created', kind: 'forge', count: 1 });
  await createPurchase(reference);
  await simulator.control.settled(); // the first retry comes at once (REVIO.md §5)
  expect(await toldOf(reference)).toEqual(['purchase.created created']);
  const sameBytes = await webhooks.rows<{ states: string[] }>(
    `SELECT array_agg(state ORDER BY received_at) AS states FROM webhook_logs GROUP BY digest HAVING count(*) = 2`,
  );
  expect(sameBytes).toEqual([{ states: ['unverified', 'received'] }]);
});

test('W1 W2: whose key counts for what, and when', async () => {
  const body = { id: 'p1', type: 'purchase', event_type: 'purchase.paid' };
  const now = Math.floor(Date.now() / 1000);
  const send = async (webhook: Parameters<typeof simulator.control.sendWebhook>[0]) =>
    (await simulator.control.sendWebhook(webhook)).status;
  const timestamped = { timestamp: now, event_id: 'evt_1' };
  expect(await send({ body, key: 'stranger', timestamped })).toBe(401);
  expect(await send({ body, key: 'webhook', timestamped: { ...timestamped, timestamp: now - 400 } })).toBe(401);
  expect(await send({ body, key: 'webhook', timestamped })).toBe(200);
  expect(await send({ body, key: 'stranger' })).toBe(401);
  expect(await send({ body, key: 'none' })).toBe(401);
  expect(await send({ body, key: 'company' })).toBe(200);
});
