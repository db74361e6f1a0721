import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import { type Client, call, signUp } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** T1 to T4 over the whole system: what users and support read is what the ledger and Revio say. */
let system: System;
beforeAll(async () => {
  system = await startSystem({ settings: { reconciler: { EARLY_READ_STEPS_MS: '500', SWEEP_INTERVAL_MS: '200' } } });
});
afterAll(() => system?.close());

const exported = async (client: Client, query: string) => {
  const url = `${system.gatewayUrl}/api/v1/transactions/export?${query}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${client.token}` } });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

/** What all entries of the user's own accounts come to: available, held and what is owed. */
async function ledgerTotal(email: string): Promise<bigint> {
  const [users, wallet] = (['gateway', 'wallet'] as const).map(
    (service) => new pg.Client({ connectionString: system.databases[service].ownerUrl }),
  );
  if (users === undefined || wallet === undefined) throw new Error('no databases');
  await Promise.all([users.connect(), wallet.connect()]);
  try {
    const found = await users.query<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    const { rows } = await wallet.query<{ total: string }>(
      `SELECT COALESCE(sum(e.amount_minor), 0)::text AS total FROM entries e JOIN wallets w ON w.id = e.wallet_id
       WHERE w.user_id = $1 AND e.account IN ('available', 'held', 'receivable')`,
      [found.rows[0]?.id],
    );
    return BigInt(rows[0]?.total ?? '0');
  } finally {
    await Promise.all([users.end(), wallet.end()]);
  }
}

const minor = (amount: string): bigint => BigInt(amount.replace('.', ''));

test('T2 T3 M7: the sums of an export are the ledger’s, reversals included; a deposit and its refund name each other and show Revio’s events', async () => {
  const client = await system.funded('200.00');
  const other = await client.deposit('50.00');
  system.simulator.control.pay({ reference: other.body.id });
  await poll(async () => (await client.balance()).available === '250.00');
  const left = await client.deposit('12.00'); // never paid
  const out = await client.withdraw('80.00');
  await poll(() => system.simulator.truth().some((row) => row.reference === out.body.id && row.status === 'pending'));
  system.simulator.control.payoutSucceed({ reference: out.body.id });
  const refused = await client.withdraw('20.00');
  await poll(() =>
    system.simulator.truth().some((row) => row.reference === refused.body.id && row.status === 'pending'),
  );
  system.simulator.control.payoutFail({ reference: refused.body.id });
  system.simulator.control.refund({ reference: other.body.id, amount: 3_000 });
  await poll(async () => (await client.balance()).available === '140.00');
  const story = async (id: string) => (await client.transaction(id)).body;
  await poll(
    async () => (await story(refused.body.id)).status === 'failed' && (await story(other.body.id)).reversals[0],
  );

  const file = JSON.parse((await exported(client, 'format=json')).text);
  expect(file.summary).toEqual([{ currency: 'ZAR', deposited: '220.00', withdrawn: '80.00', net: '140.00' }]);
  expect(file.count).toBe(6);
  const sum = (column: string) =>
    file.data.reduce((all: bigint, row: Record<string, string | null>) => all + minor(row[column] ?? '0.00'), 0n);
  expect(sum('money_in') - sum('money_out')).toBe(minor(file.summary[0].net));
  expect(await ledgerTotal(client.email)).toBe(minor(file.summary[0].net));
  expect((await client.call('GET', '/transactions')).body.summary).toEqual(file.summary);

  const deposit = await story(other.body.id);
  const [refund] = deposit.reversals;
  expect(await story(refund.id)).toMatchObject({ reversal_of: other.body.id, reversal: 'refund', amount: '30.00' });
  await poll(async () =>
    (await story(other.body.id)).webhook_events.some((event: { type: string }) => event.type === 'purchase.paid'),
  );
  expect(await story(left.body.id)).toMatchObject({
    status: 'pending',
    timeline: [{ text: 'Waiting for the payment.' }],
  });

  const csv = await exported(client, 'type=withdrawal&order=asc');
  expect(csv.headers.get('content-disposition')).toContain('.csv"');
  expect(csv.text.split('\r\n').map((line) => line.split(',')[0])).toEqual([
    'id',
    out.body.id,
    refused.body.id,
    '',
    '',
    '',
    '',
  ]);
  expect((await exported(client, 'format=xlsx')).text.startsWith('PK')).toBe(true);
  expect((await exported(client, 'format=docx')).status).toBe(422);
});

test('T4: support finds a user’s transactions by e-mail, with the provider’s ids; the user may not look', async () => {
  const client = await system.funded('10.00');
  const staff = await signUp(system.gatewayUrl);
  await grantRole(system.databases.gateway.ownerUrl, staff.email, 'support');
  const login = await call('POST', `${system.gatewayUrl}/api/v1/auth/login`, {
    email: staff.email,
    password: 'Correct-Horse-1',
  });
  const asSupport = (path: string) =>
    call('GET', `${system.gatewayUrl}/api/v1${path}`, undefined, {
      authorization: `Bearer ${login.body.access_token}`,
    });
  const found = await asSupport(`/admin/transactions?user_email=${encodeURIComponent(client.email)}`);
  expect(found.body.data).toMatchObject([{ user_email: client.email, type: 'deposit', amount: '10.00' }]);
  const details = await asSupport(`/admin/transactions/${found.body.data[0].id}`);
  expect(details.body).toMatchObject({ user_email: client.email, provider: { purchase_id: expect.any(String) } });
  const byPurchase = await asSupport(`/admin/transactions?search=${details.body.provider.purchase_id}`);
  expect(byPurchase.body.data).toHaveLength(1);
  expect((await client.call('GET', '/admin/transactions')).status).toBe(403);
});
