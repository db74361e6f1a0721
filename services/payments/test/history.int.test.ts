import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, newUuid } from '#libs/runtime';
import type { Transaction } from '../src/transaction/transaction.ts';
import { at, newDeposit, newWithdrawal } from './stores.ts';
import { get, openWorld, post, tokenOf, type User, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const done = { status: 'completed', nextStep: null, leasedUntil: null, attempts: 0 } as const;

const insert = (...rows: Transaction[]): Promise<void> =>
  world.stores.transact(async (tx) => {
    for (const row of rows) await tx.insertTransaction(row);
  });

const reversal = (of: Transaction, change: Partial<Transaction>): Transaction => ({
  ...newDeposit({ ...done, kind: 'reversal', reversalOf: of.id, sourceId: newUuid(), userId: of.userId, ...change }),
  id: newId('rev'),
});

const page = async (user: User, query: Record<string, string> = {}) =>
  (await get(world.app(), `/transactions?${new URLSearchParams(query)}`, user).expect(200)).body;
const idsOf = (body: { data: { id: string }[] }): string[] => body.data.map(({ id }) => id);

/** Everything behind the first page too, by the cursor. */
async function readThrough(user: User, query: Record<string, string>): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const body = await page(user, cursor === undefined ? query : { ...query, cursor });
    ids.push(...idsOf(body));
    cursor = body.pagination.next_cursor;
  }
  return ids;
}

/** One user with ten transactions of every kind, a minute apart, the last of them ten days before today's. */
async function someone(): Promise<{ user: User; rows: Record<string, Transaction> }> {
  const user = await world.user();
  const mine = { userId: user.id };
  const paid = newDeposit({
    ...mine,
    ...done,
    amountMinor: 100_000n,
    createdAt: at(1),
    purchaseId: `pur-${newUuid()}`,
  });
  const out = newWithdrawal({ ...mine, ...done, amountMinor: 30_000n, createdAt: at(2) });
  const rows = {
    paid,
    out,
    pending: newDeposit({ ...mine, amountMinor: 5_000n, createdAt: at(3) }),
    failed: newDeposit({
      ...mine,
      ...done,
      status: 'failed',
      reason: 'payment_failed',
      amountMinor: 7_000n,
      createdAt: at(4),
    }),
    expired: newDeposit({
      ...mine,
      ...done,
      status: 'expired',
      reason: 'purchase_expired',
      amountMinor: 8_000n,
      createdAt: at(5),
    }),
    cancelled: newWithdrawal({
      ...mine,
      ...done,
      status: 'cancelled',
      reason: 'cancelled_by_user',
      amountMinor: 900n,
      createdAt: at(6),
    }),
    processing: newWithdrawal({ ...mine, ...done, status: 'processing', amountMinor: 1_000n, createdAt: at(7) }),
    voiding: newWithdrawal({ ...mine, ...done, status: 'voiding', amountMinor: 1_100n, createdAt: at(8) }),
    refund: reversal(paid, { reversal: 'refund', amountMinor: 20_000n, createdAt: at(9) }),
    returned: reversal(out, { reversal: 'payout_return', amountMinor: 30_000n, createdAt: at(10) }),
    yen: newDeposit({ ...mine, ...done, currency: 'JPY', amountMinor: 500n, createdAt: at(11) }),
  };
  await insert(...Object.values(rows));
  return { user, rows };
}

describe('T1: the list', () => {
  let user: User;
  let rows: Record<string, Transaction>;
  beforeAll(async () => {
    ({ user, rows } = await someone());
    await insert(newDeposit({ ...done, createdAt: at(4) })); // somebody else's
  });

  const named = async (query: Record<string, string>): Promise<string[]> => {
    const ids = idsOf(await page(user, query));
    return ids.map((id) => Object.keys(rows).find((name) => rows[name]?.id === id) ?? `stranger ${id}`);
  };

  test('newest first, the owner’s only', async () => {
    expect(await named({})).toEqual(Object.keys(rows).reverse());
  });

  test.each([
    [{ type: 'withdrawal' }, ['voiding', 'processing', 'cancelled', 'out']],
    [{ type: 'reversal' }, ['returned', 'refund']],
    [{ type: 'withdrawal,reversal', status: 'completed' }, ['returned', 'refund', 'out']],
    [{ status: 'processing' }, ['voiding', 'processing']],
    [{ status: 'failed,expired' }, ['expired', 'failed']],
    [{ currency: 'JPY' }, ['yen']],
    [{ currency: 'ZAR', min_amount: '80', max_amount: '300.00' }, ['returned', 'refund', 'expired', 'out']],
    // Without a currency each in its own: 500 yen are more than 400, 300 rand are not.
    [{ min_amount: '400' }, ['yen', 'paid']],
    [{ min_amount: '499.999', max_amount: '500.001' }, ['yen']],
    [{ min_amount: '10.01', max_amount: '11' }, ['voiding']],
    [{ sort: 'created_at', order: 'asc', per_page: '2' }, ['paid', 'out']],
    [
      { sort: 'amount', order: 'asc', currency: 'ZAR' },
      ['cancelled', 'processing', 'voiding', 'pending', 'failed', 'expired', 'refund', 'returned', 'out', 'paid'],
    ],
    [{ date_from: at(9).toISOString() }, ['yen', 'returned', 'refund']],
    [{ date_to: at(2).toISOString() }, ['out', 'paid']],
    [{ per_page: '3', page: '2' }, ['voiding', 'processing', 'cancelled']],
  ])('%o', async (query, expected) => {
    expect(await named(query)).toEqual(expected);
  });

  test.each(
    ['created_at', 'amount'].flatMap((sort) => ['asc', 'desc'].map((order) => ({ sort, order, per_page: '2' }))),
  )('the pages of %o together are the list, each once', async (query) => {
    const whole = idsOf(await page(user, { ...query, per_page: '100' }));
    expect(whole).toHaveLength(11);
    expect(await readThrough(user, query)).toEqual(whole);
  });

  test('totals come with the numbered pages, sums of what completed with the first: a refund lowers deposited, a return withdrawn', async () => {
    const first = await page(user, { per_page: '4' });
    expect(first.pagination).toMatchObject({ page: 1, per_page: 4, total: 11, total_is_exact: true, total_pages: 3 });
    expect(first.summary).toEqual([
      { currency: 'ZAR', deposited: '800.00', withdrawn: '0.00', net: '800.00' },
      { currency: 'JPY', deposited: '500', withdrawn: '0', net: '500' },
    ]);
    const next = await page(user, { per_page: '4', cursor: first.pagination.next_cursor });
    expect(Object.keys(next.pagination)).toEqual(['per_page', 'next_cursor']);
    expect(next.summary).toBeUndefined();
    expect((await page(user, { type: 'deposit', currency: 'ZAR' })).summary).toEqual([
      { currency: 'ZAR', deposited: '1000.00', withdrawn: '0.00', net: '1000.00' },
    ]);
    expect((await page(user, { summary: 'false' })).summary).toBeUndefined();
    expect(await page(await world.user())).toEqual({
      data: [],
      summary: [],
      pagination: { per_page: 20, next_cursor: null, page: 1, total: 0, total_is_exact: true, total_pages: 0 },
    });
  });

  test('search finds an id, its beginning, the purchase, the source of a reversal, what it turns back, and the Idempotency-Key', async () => {
    const { paid, refund } = rows;
    expect(await named({ search: paid?.id ?? '' })).toEqual(['refund', 'paid']);
    expect(await named({ search: refund?.id.slice(0, 20) ?? '' })).toContain('refund');
    expect(await named({ search: paid?.purchaseId ?? '' })).toEqual(['paid']);
    expect(await named({ search: refund?.sourceId ?? '' })).toEqual(['refund']);
    expect(await named({ search: paid?.id ?? '', type: 'deposit' })).toEqual(['paid']);
    expect(await named({ search: 'nothing-like-it' })).toEqual([]);
    const other = await world.user();
    const made = await post(world.app(), '/deposits', other, { amount: '1.00', currency: 'ZAR' }, 'my-order-17').expect(
      201,
    );
    expect(idsOf(await page(other, { search: 'my-order-17' }))).toEqual([made.body.id]);
    expect(await named({ search: 'my-order-17' })).toEqual([]);
    expect(await named({ search: made.body.id })).toEqual([]);
  });

  test('a day is one of Africa/Johannesburg: it begins at 22:00 UTC, and date_to is in it to its end', async () => {
    const other = await world.user();
    const made = [
      '2026-03-09T21:59:59.999Z',
      '2026-03-09T22:00:00.000Z',
      '2026-03-10T21:59:59.999Z',
      '2026-03-10T22:00:00.000Z',
    ];
    const rowsOf = made.map((time) => newDeposit({ userId: other.id, createdAt: new Date(time) }));
    await insert(...rowsOf);
    const found = await page(other, { date_from: '2026-03-10', date_to: '2026-03-10', order: 'asc' });
    expect(idsOf(found)).toEqual([rowsOf[1]?.id, rowsOf[2]?.id]);
  });

  test.each([
    [{ colour: 'blue' }, 400, '/colour'],
    [{ limit: '5' }, 400, '/limit'],
    [{ user_id: newUuid() }, 400, '/user_id'],
    [{ type: 'gift' }, 422, '/type/0'],
    [{ status: 'voiding' }, 422, '/status/0'],
    [{ currency: 'QQQ' }, 422, '/currency'],
    [{ min_amount: '-1' }, 422, '/min_amount'],
    [{ min_amount: '1e3' }, 422, '/min_amount'],
    [{ max_amount: '1.005', currency: 'ZAR' }, 422, '/max_amount'],
    [{ min_amount: '2', max_amount: '1' }, 422, '/max_amount'],
    [{ date_from: 'yesterday' }, 422, '/date_from'],
    [{ date_from: '2026-02-30' }, 422, '/date_from'],
    [{ date_from: '2026-02-02', date_to: '2026-02-01' }, 422, '/date_to'],
    [{ date_to: '2026-02-02T10:00:00' }, 422, '/date_to'],
    [{ sort: 'reason' }, 422, '/sort'],
    [{ order: 'up' }, 422, '/order'],
    [{ per_page: '101' }, 422, '/per_page'],
    [{ per_page: '0' }, 422, '/per_page'],
    [{ page: '0' }, 422, '/page'],
    [{ page: '501' }, 422, '/page'],
    [{ page: '2', cursor: 'x' }, 422, '/page'],
    [{ search: 'dep_01' }, 422, '/search'],
    [{ search: 'a\u0000b' }, 422, '/search'],
    [{ cursor: 'abc' }, 400, '/cursor'],
    [{ cursor: 'W10.abc' }, 400, '/cursor'],
  ])('%o → %i at %s', async (query, status, pointer) => {
    const answer = await get(world.app(), `/transactions?${new URLSearchParams(query)}`, user);
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([status, pointer]);
  });

  test('a cursor belongs to its list: other filters, another order, another owner or a changed letter → 400', async () => {
    const query = { per_page: '2', type: 'deposit' };
    const { next_cursor: cursor } = (await page(user, query)).pagination;
    const code = async (as: User, changed: Record<string, string>) =>
      (await get(world.app(), `/transactions?${new URLSearchParams({ ...query, cursor, ...changed })}`, as)).body.code;
    expect(await code(user, {})).toBeUndefined();
    expect(await code(user, { per_page: '5' })).toBeUndefined(); // how many is no part of which
    for (const changed of [
      { type: 'withdrawal' },
      { order: 'asc' },
      { sort: 'amount' },
      { status: 'failed' },
      { search: 'x' },
    ])
      expect(await code(user, changed)).toBe('cursor_invalid');
    expect(await code(await world.user(), {})).toBe('cursor_invalid');
    expect(await code(user, { cursor: `x${cursor}` })).toBe('cursor_invalid');
    expect(await code(user, { cursor: `${cursor.slice(0, -2)}AA` })).toBe('cursor_invalid');
  });
});

test('T4: support and admins read across users, a user does not; one user by id; ids of other services are shown there only', async () => {
  const { user, rows } = await someone();
  const staff = (role: 'user' | 'support' | 'admin'): User => ({
    ...user,
    token: tokenOf({ kind: 'user', userId: newUuid(), role, email: 'staff@example.test' }),
  });
  const app = world.app();
  const status = async (role: 'user' | 'support' | 'admin', path: string) => (await get(app, path, staff(role))).status;
  for (const path of ['/admin/transactions', `/admin/transactions/${rows['paid']?.id}`]) {
    expect([await status('user', path), await status('support', path), await status('admin', path)]).toEqual([
      403, 200, 200,
    ]);
  }
  const all = (await get(app, '/admin/transactions?per_page=100', staff('support')).expect(200)).body;
  expect(new Set(all.data.map((row: { user_id: string }) => row.user_id)).size).toBeGreaterThan(1);
  expect(all.summary).toBeUndefined();
  const one = (await get(app, `/admin/transactions?user_id=${user.id}&status=completed`, staff('support')).expect(200))
    .body;
  expect(one.data).toHaveLength(5);
  expect(one.data[0]).toMatchObject({ user_id: user.id });
  expect(one.summary).toHaveLength(2);
  const details = (await get(app, `/admin/transactions/${rows['paid']?.id}`, staff('admin')).expect(200)).body;
  expect(details).toMatchObject({
    user_id: user.id,
    provider: { purchase_id: rows['paid']?.purchaseId },
    work: { status: 'completed', attempts: 0 },
    reversals: [{ id: rows['refund']?.id, reversal: 'refund', amount: '200.00' }],
  });
  await get(app, `/admin/transactions/${newId('dep')}`, staff('admin')).expect(404);
  await get(app, `/admin/transactions/${rows['paid']?.id}?x=1`, staff('admin')).expect(400);
});

test('T1 §3.8: paging through 10 000 transactions while others are inserted: none missing, none twice', async () => {
  const user = await world.user();
  const ours = Array.from({ length: 10_000 }, (_, n) => ({ id: newId('dep'), at: at(Math.floor(n / 3)) }));
  await world.stores.db.read.run(
    `INSERT INTO transactions (id, user_id, kind, status, amount_minor, currency, attempts, created_at, updated_at)
     SELECT id, $1, 'deposit', 'completed', 1 + random() * 50, 'ZAR', 0, made, made
     FROM unnest($2::text[], $3::timestamptz[]) AS t(id, made)`,
    [user.id, ours.map(({ id }) => id), ours.map((row) => row.at)],
  );
  for (const query of [
    { sort: 'created_at', order: 'desc' },
    { sort: 'created_at', order: 'asc' },
    { sort: 'amount', order: 'asc' },
  ]) {
    let reading = true;
    let inserted = 0;
    const inserting = (async () => {
      while (reading) {
        // Newer ones, older ones, and some in between.
        const rows = [20_000 + inserted, -inserted - 1, inserted % 3_000].map((ms) =>
          newDeposit({ ...done, userId: user.id, createdAt: at(ms), amountMinor: BigInt(1 + (inserted % 50)) }),
        );
        await insert(...rows);
        inserted += rows.length;
      }
    })();
    const read = await readThrough(user, { ...query, per_page: '100' });
    reading = false;
    await inserting;
    expect(inserted).toBeGreaterThan(100);
    expect(new Set(read).size).toBe(read.length);
    const seen = new Set(read);
    expect(ours.filter(({ id }) => !seen.has(id))).toEqual([]);
  }
  const { pagination } = await page(user);
  expect(pagination).toMatchObject({ total: 10_000, total_is_exact: false });
  expect(idsOf(await page(user, { page: '100', per_page: '100' }))).toHaveLength(100);
}, 120_000);
