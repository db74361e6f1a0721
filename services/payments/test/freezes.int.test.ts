import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { at, memoryStores, newWithdrawal, postgresStores, type Stores } from './stores.ts';
import { openWorld, post, type User, type World } from './world.ts';

describe.each([
  ['in memory', async (): Promise<Stores> => memoryStores()],
  ['on PostgreSQL', postgresStores],
])('M11: a frozen withdrawal %s', (_store, open) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open();
  });
  afterAll(() => stores?.close());

  const ready = async (): Promise<ReturnType<typeof newWithdrawal>> => {
    const withdrawal = newWithdrawal();
    const { id } = withdrawal;
    await stores.transact(async (tx) => {
      await tx.insertTransaction(withdrawal);
      await tx.markReserved(id, at(1));
      await tx.attachPayout(id, `payout-${id}`, at(1));
    });
    return withdrawal;
  };
  const note = (id: string, owner: { userId: string; currency: 'ZAR' } | null, lifted = false) =>
    stores.transact((tx) =>
      tx.noteFreeze({ id, lifted, userId: owner?.userId ?? null, currency: owner?.currency ?? null }),
    );
  const due = async () =>
    (await stores.transact((tx) => tx.leaseDue('submit_payout', at(2), at(2), 100))).map(({ id }) => id);
  const intend = (id: string) => stores.transact((tx) => tx.recordIntent(id, `payout-${id}`, at(2)));
  const owner = ({ userId }: { userId: string }) => ({ userId, currency: 'ZAR' }) as const;

  test('gets no lease and no intent while its wallet is frozen; others do; both again once it is lifted', async () => {
    const [mine, other] = [await ready(), await ready()];
    const freeze = newUuid();
    await note(freeze, owner(mine));
    expect(await due()).toEqual([other.id]);
    expect([await intend(mine.id), await intend(other.id)]).toEqual([false, true]);
    await note(freeze, owner(mine), true);
    expect(await due()).toEqual([mine.id]);
    expect(await intend(mine.id)).toBe(true);
  });

  test('the same under a freeze of everything', async () => {
    const { id } = await ready();
    const freeze = newUuid();
    await note(freeze, null);
    expect([await due(), await intend(id)]).toEqual([[], false]);
    await note(freeze, null, true);
    expect(await intend(id)).toBe(true);
  });

  test('F7: what was lifted stays lifted when the freeze is heard of late or again', async () => {
    const { id } = await ready();
    const freeze = newUuid();
    await note(freeze, null, true);
    await note(freeze, null);
    expect(await intend(id)).toBe(true);
  });

  test('can still be cancelled', async () => {
    const mine = await ready();
    const freeze = newUuid();
    await note(freeze, owner(mine));
    expect(await stores.transact((tx) => tx.requestVoid(mine.id, 'cancelled_by_user', at(2)))).toBeDefined();
  });
});

describe('M11: what payments does about the messages', () => {
  let world: World;
  let user: User;
  beforeAll(async () => {
    world = await openWorld();
    user = await world.user();
  });
  afterAll(() => world?.close());

  test('a reserved withdrawal is not executed while everything is frozen, and is afterwards', async () => {
    const asked = { amount: '60.00', currency: 'ZAR', bank_account_id: user.bankAccountId };
    const { id } = (await post(world.app(), '/withdrawals', user, asked).expect(202)).body;
    const freeze = { freeze_id: newUuid(), user_id: null, currency: null, reason: 'invariant_broken' };
    await world.tell('wallet.frozen.v1', freeze);
    await submitPayouts(world.deps);
    expect([world.executions(id), world.simulator.control.objects({ reference: id })]).toEqual([0, []]);
    await world.tell('wallet.unfrozen.v1', freeze);
    await submitPayouts(world.deps);
    expect(world.executions(id)).toBe(1);
  });
});
