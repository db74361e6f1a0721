import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { foundNone, foundPayout } from './end-look-up.ts';
import { fenceAfterRestore } from './fence.ts';

let wallet: FreshDatabase;
let payments: FreshDatabase;
let client: pg.Client;
beforeEach(async () => {
  [wallet, payments] = await Promise.all([freshDatabase('wallet'), freshDatabase('payments')]);
  client = new pg.Client({ connectionString: payments.ownerUrl });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await Promise.all([wallet.close(), payments.close()]);
});

const fence = () => fenceAfterRestore({ walletUrl: wallet.ownerUrl, paymentsUrl: payments.ownerUrl });
const by = [newUuid(), newUuid()] as const;
const idOf = (n: number) => `wd_${String(n).padStart(26, '0')}`;

async function add(n: number, row: Record<string, unknown> = {}): Promise<string> {
  const columns = {
    ...{ id: idOf(n), user_id: newUuid(), kind: 'withdrawal', status: 'pending', amount_minor: 1500, currency: 'ZAR' },
    ...{ attempts: 3, created_at: new Date(), updated_at: new Date() },
    ...row,
  };
  const places = Object.keys(columns).map((_, index) => `$${index + 1}`);
  await client.query(`INSERT INTO transactions (${Object.keys(columns)}) VALUES (${places})`, Object.values(columns));
  return columns.id;
}
const step = (next_step: string) => ({
  next_step,
  leased_until: new Date(),
  ...(next_step === 'submit_payout' && { reserved_at: new Date() }),
});
async function addPayout(n: number, payoutId: string): Promise<string> {
  await client.query(
    `INSERT INTO payouts (payout_id, transaction_id, execution_url, created_on, requested_at) VALUES ($1, $2, 'https://x', '2026-03-01T04:00:00Z', now())`,
    [payoutId, idOf(n)],
  );
  return add(n, { ...step('submit_payout'), payout_id: payoutId });
}
const rowOf = async (id: string) => (await client.query('SELECT * FROM transactions WHERE id = $1', [id])).rows[0];
const told = async (type = 'payments.payout-submitted.v1') =>
  (await client.query(`SELECT envelope->'data' AS data FROM outbox WHERE type = $1 ORDER BY id`, [type])).rows.map(
    ({ data }) => data,
  );
/** What is kept for good, and what the gateway is told of it, are the same. */
const acts = async () => {
  const { rows } = await client.query(
    'SELECT id AS act_id, actor_id, action, transaction_id AS about FROM acts ORDER BY at, transaction_id, actor_id',
  );
  expect(new Set(await told('payments.audited.v1'))).toEqual(new Set(rows));
  return rows.map(({ actor_id, action, about }) => `${actor_id} ${action} ${about}`);
};
const statesOf = async () =>
  Object.fromEntries(
    (await client.query('SELECT id, status FROM transactions')).rows.map(({ id, status }) => [id, status]),
  );

test('O5 I8: every withdrawal that was accepted and not executed is fenced, and nothing else is touched', async () => {
  const [held, unheld] = [await add(1, step('submit_payout')), await add(2, step('place_hold'))];
  const waiting = await add(3, { reserved_at: new Date(), approval: 'waiting' });
  const known = await addPayout(4, 'po-4');
  const others = {
    [await add(5, { status: 'voiding', reserved_at: new Date() })]: 'voiding',
    [await add(6, { status: 'processing', payout_id: 'po-6', execute_sent_at: new Date() })]: 'processing',
    [await add(7, { status: 'completed', payout_id: 'po-7' })]: 'completed',
    [await add(8, { ...step('create_purchase'), id: 'dep_00000000000000000000000008', kind: 'deposit' })]: 'pending',
  };
  expect(await fence()).toEqual({ toRead: [known], toLookUp: [held, unheld, waiting] });
  expect(await statesOf()).toEqual({
    ...others,
    ...Object.fromEntries([held, unheld, waiting, known].map((id) => [id, 'processing'])),
  });
  for (const id of [held, unheld, waiting])
    expect(await rowOf(id)).toMatchObject({ next_step: null, execute_sent_at: null, payout_id: null });
  expect(await rowOf(known)).toMatchObject({ next_step: null, execute_sent_at: expect.any(Date) });
  expect(await told()).toMatchObject([
    { transaction_id: known, payout_id: 'po-4', amount_minor: '1500', payout_created_at: '2026-03-01T04:00:00.000Z' },
  ]);
  expect((await client.query('SELECT user_id, lifted FROM freezes')).rows).toEqual([{ user_id: null, lifted: false }]);

  // Repeated, because nobody knows whether it ended: the same again, and nothing is told twice.
  expect(await fence()).toEqual({ toRead: [], toLookUp: [held, unheld, waiting] });
  expect(await told()).toHaveLength(1);
  expect((await client.query('SELECT count(*)::int AS n FROM freezes')).rows).toEqual([{ n: 1 }]);
});

test('O5 A7: a payout that people found is read like any other, once; one of another withdrawal or state is not taken', async () => {
  const id = await add(1, { reserved_at: new Date(), approval: 'waiting' });
  expect(await foundPayout(payments.ownerUrl, by, id, 'po-1'), 'before the fence').toBe(false);
  await fence();
  expect(await foundPayout(payments.ownerUrl, by, id, 'po-1')).toBe(true);
  expect(await foundPayout(payments.ownerUrl, by, id, 'po-2')).toBe(false);
  expect(await foundNone(payments.ownerUrl, by, id)).toBe(false);
  expect(await rowOf(id)).toMatchObject({ status: 'processing', payout_id: 'po-1', approval: 'approved' });
  expect(await told()).toMatchObject([{ transaction_id: id, payout_id: 'po-1' }]);
  // Both of them, once: what was refused is no act.
  expect((await acts()).toSorted()).toEqual(by.map((admin) => `${admin} payout_found ${id}`).toSorted());
});

test('O5 A7: a withdrawal without a payout at Revio goes on where it was', async () => {
  const [held, unheld] = [await add(1, step('submit_payout')), await add(2, step('place_hold'))];
  const waiting = await add(3, { reserved_at: new Date(), approval: 'waiting' });
  await fence();
  for (const id of [held, unheld, waiting]) expect(await foundNone(payments.ownerUrl, by, id)).toBe(true);
  expect(await rowOf(held)).toMatchObject({ status: 'pending', next_step: 'submit_payout', attempts: 0 });
  expect(await rowOf(unheld)).toMatchObject({ status: 'pending', next_step: 'place_hold' });
  expect(await rowOf(waiting)).toMatchObject({ status: 'pending', next_step: null, approval: 'waiting' });
  expect(await foundNone(payments.ownerUrl, by, held)).toBe(false);
  const all = [held, unheld, waiting].flatMap((id) => by.map((admin) => `${admin} payout_absent ${id}`));
  expect((await acts()).toSorted()).toEqual(all.toSorted());
});
