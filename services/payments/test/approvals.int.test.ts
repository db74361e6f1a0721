import supertest from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { approveWithdrawal, rejectWithdrawal } from '../src/approval/decide-approval.ts';
import type { Deps } from '../src/deps.ts';
import { cancelWithdrawal } from '../src/withdrawal/cancel-withdrawal.ts';
import { resumeHolds } from '../src/withdrawal/place-hold.ts';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { get, openWorld, post, tokenOf, type User, type World } from './world.ts';

let world: World;
let user: User;
const admin = { userId: newUuid(), role: 'admin' as const };
const token = (role: 'admin' | 'support', userId = admin.userId) =>
  tokenOf({ kind: 'user', userId, role, email: 'admin@example.com' });
beforeAll(async () => {
  world = await openWorld();
  user = await world.user();
});
afterAll(() => world?.close());

/** Of more than 50.00. */
const large: Partial<Deps> = { approvalPolicy: { above: { ZAR: 5_000n }, first: false } };
const body = (amount: string) => ({ amount, currency: 'ZAR', bank_account_id: user.bankAccountId });
const ask = async (amount: string, change: Partial<Deps> = large, who = user) =>
  (
    await post(world.app(change), '/withdrawals', who, { ...body(amount), bank_account_id: who.bankAccountId }).expect(
      202,
    )
  ).body;
const stored = (id: string) => world.stores.transact((tx) => tx.findTransaction(id));
const typesOf = async (id: string) => (await world.stores.sent(id)).map(({ type }) => type);
const decide = (id: string, what: 'approve' | 'reject', as = token('admin'), sent: object = { note: 'seen' }) =>
  supertest(world.app()).post(`/withdrawals/${id}/${what}`).auth(as, { type: 'bearer' }).send(sent);
const waiting = async () =>
  (await supertest(world.app()).get('/withdrawals').auth(token('support'), { type: 'bearer' }).expect(200)).body.data;
const isWaiting = async (id: string) => (await waiting()).some((withdrawal: { id: string }) => withdrawal.id === id);
const pay = () => submitPayouts(world.deps);
const voided = (id: string, reason: string) =>
  world.tell('wallet.hold-voided.v1', {
    ...{ transaction_id: id, user_id: user.id, currency: 'ZAR', amount_minor: '6000', reason },
    ...{ wallet_id: newUuid(), posting_id: newUuid() },
  });

test('M9: a large withdrawal is held, waits, and is paid out only when an admin has approved it', async () => {
  const asked = await ask('60.00');
  expect(asked).toMatchObject({ status: 'pending', approval: 'waiting' });
  expect(world.wallet.decisions.get(asked.id)).toMatchObject({ decision: 'held' });
  world.advance(3_600_000);
  await resumeHolds(world.deps);
  await pay();
  expect(world.executions(asked.id)).toBe(0);
  expect(await waiting()).toMatchObject([{ id: asked.id, user_id: user.id, amount: '60.00' }]);

  const approved = await decide(asked.id, 'approve').expect(202);
  expect(approved.body).toMatchObject({ id: asked.id, status: 'pending', approval: 'approved' });
  expect(await waiting()).toEqual([]);
  await pay();
  expect(world.executions(asked.id)).toBe(1);
  expect(await stored(asked.id)).toMatchObject({ status: 'processing' });
  const again = await decide(asked.id, 'approve').expect(202);
  expect(again.body, 'a repeat after a lost answer').toMatchObject({ id: asked.id, approval: 'approved' });
  await decide(asked.id, 'reject').expect(409);
  const acts = (await typesOf(asked.id)).filter((type) => type === 'payments.audited.v1');
  expect(acts, 'A7: one act, however often it was sent').toHaveLength(1);
  expect((await world.stores.sent(asked.id)).find(({ type }) => type === 'payments.audited.v1')?.data).toMatchObject({
    ...{ actor_id: admin.userId, action: 'withdrawal_approved', about: asked.id },
  });
});

test('M9: exactly the amount, and a small one, wait for nobody', async () => {
  for (const amount of ['50.00', '1.00']) {
    const asked = await ask(amount);
    expect(asked).not.toHaveProperty('approval');
    await pay();
    expect(world.executions(asked.id)).toBe(1);
  }
});

test('M9: the first withdrawal of a user waits if so configured, until one was completed', async () => {
  const newcomer = await world.user();
  const first: Partial<Deps> = { approvalPolicy: { above: {}, first: true } };
  const asked = await ask('1.00', first, newcomer);
  expect(asked).toMatchObject({ approval: 'waiting' });
  expect(await ask('1.00', first, newcomer), 'none is completed yet').toMatchObject({ approval: 'waiting' });
  await decide(asked.id, 'approve').expect(202);
  await pay();
  await world.tell('wallet.hold-posted.v1', {
    ...{ transaction_id: asked.id, user_id: newcomer.id, currency: 'ZAR', amount_minor: '100' },
    ...{ wallet_id: newUuid(), posting_id: newUuid() },
  });
  expect(await stored(asked.id)).toMatchObject({ status: 'completed' });
  expect(await ask('1.00', first, newcomer)).not.toHaveProperty('approval');
});

test('M9: a rejected one asks for its hold back and fails when that is back; its user may not decide it', async () => {
  const { id } = await ask('60.00');
  await decide(id, 'reject', token('admin'), {}).expect(422);
  await decide(id, 'reject', token('admin', user.id)).expect(403);
  await decide(id, 'approve', token('support')).expect(403);
  await decide(id, 'approve', user.token).expect(403);
  const rejected = await decide(id, 'reject').expect(202);
  expect(rejected.body).toMatchObject({ status: 'processing', approval: 'rejected', reason: 'rejected_by_admin' });
  expect(await typesOf(id)).toEqual([
    ...['payments.withdrawal-requested.v1', 'payments.void-requested.v1', 'payments.audited.v1'],
  ]);
  await decide(id, 'reject').expect(202);
  await decide(id, 'approve').expect(409);
  await voided(id, 'rejected_by_admin');
  expect(await stored(id)).toMatchObject({ status: 'failed', reason: 'rejected_by_admin' });
  expect(world.executions(id)).toBe(0);
});

test('M9: what waits can be cancelled by its user', async () => {
  const { id } = await ask('60.00');
  await post(world.app(), `/withdrawals/${id}/cancel`, user, {}).expect(202);
  await decide(id, 'approve').expect(409);
  expect(await isWaiting(id)).toBe(false);
  await voided(id, 'cancelled_by_user');
  expect(await stored(id)).toMatchObject({ status: 'cancelled' });
  expect((await decide(id, 'reject').expect(409)).body.code).toBe('not_awaiting_approval');
});

test('M9 F4: the wallet could not be asked: it waits for the hold first, then for the admin', async () => {
  world.wallet.down = true;
  const { id } = await ask('60.00');
  expect(await isWaiting(id), 'not held yet').toBe(false);
  world.wallet.down = false;
  world.advance(3_600_000);
  await resumeHolds(world.deps);
  expect(await isWaiting(id)).toBe(true);
  await decide(id, 'approve').expect(202);
  await pay();
  expect(world.executions(id)).toBe(1);
});

test('M9 F1: approval, rejection and cancellation at once, 60 times → one end, and never a void beside an execution', async () => {
  const seen = { executed: 0, cancelled: 0, rejected: 0 };
  for (let round = 0; round < 60; round++) {
    const { id } = await ask('60.00');
    const decision = { admin, id, note: null };
    const acts = [
      () => approveWithdrawal(world.deps, decision),
      () => rejectWithdrawal(world.deps, { ...decision, admin: { userId: newUuid() } }),
      () => cancelWithdrawal(world.deps, { userId: user.id, id }),
    ];
    // Another one is first each time.
    const order = [0, 1, 2].map((n) => acts[(n + round) % 3] ?? acts[0]);
    await Promise.allSettled(order.map((act) => act?.()));
    await pay();
    const after = await stored(id);
    const types = await typesOf(id);
    const isVoided = types.includes('payments.void-requested.v1');
    expect([after?.status, world.executions(id)]).toEqual(isVoided ? ['voiding', 0] : ['processing', 1]);
    expect(types.filter((type) => type === 'payments.void-requested.v1').length).toBeLessThanOrEqual(1);
    expect(types.filter((type) => type === 'payments.audited.v1').length).toBeLessThanOrEqual(1);
    if (!isVoided) seen.executed += 1;
    else if (after?.reason === 'cancelled_by_user') seen.cancelled += 1;
    else seen.rejected += 1;
  }
  expect(seen.cancelled).toBeGreaterThan(0);
  expect(seen.rejected).toBeGreaterThan(0);
}, 60_000);

test('M9: the database itself executes nothing that waits, and keeps what admins did', async () => {
  const { id } = await ask('60.00');
  const intend = `UPDATE transactions SET status = 'processing', payout_id = 'x', execute_sent_at = now() WHERE id = '${id}'`;
  await expect(world.stores.db.read.run(intend)).rejects.toMatchObject({
    constraint: 'transactions_approved_before_intent',
  });
  for (const text of [`DELETE FROM acts`, `UPDATE acts SET note = ''`]) {
    await expect(world.stores.db.read.run(text)).rejects.toThrow(/permission denied/);
  }
});

test('A3: nobody else’s and nothing that is none → 404', async () => {
  const unknown = 'wd_01JZZZZZZZZZZZZZZZZZZZZZZZ';
  expect((await decide(unknown, 'approve').expect(404)).body.code).toBe('transaction_not_found');
  const timeline = (id: string, who: User) => get(world.app(), `/transactions/${id}/timeline`, who);
  const { id } = await ask('60.00');
  await timeline(id, await world.user()).expect(404);
  const { body: told } = await timeline(id, user).expect(200);
  expect(told).toMatchObject({ ended: false, data: [{ status: 'pending' }, { reason: 'awaiting_approval' }] });
  const later = await get(world.app(), `/transactions/${id}/timeline?after=${told.data[1].id}`, user).expect(200);
  expect(later.body).toEqual({ ended: false, data: [] });
  await get(world.app(), `/transactions/${id}/timeline?after=-1`, user).expect(422);
});
