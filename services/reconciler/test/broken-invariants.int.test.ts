import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteBrokenInvariant } from '../src/cases/note-broken-invariant.ts';
import { noteDebt } from '../src/cases/note-debt.ts';
import { userId } from './samples.ts';
import { newDepositId, type PostgresWorld, postgresWorld } from './worlds.ts';

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld();
});
afterAll(() => world?.close());

test('R5: a broken invariant is a case that names wallet and entry, one per wallet and freeze however often it is told', async () => {
  const [wallet_id, freeze_id] = [randomUUID(), randomUUID()];
  const about = { wallet_id, freeze_id, user_id: userId, currency: 'ZAR', invariants: ['I1'], entry: '3:2' };
  const broken = about as Parameters<typeof noteBrokenInvariant>[2];
  for (const deps of [world.deps, world.replica, world.deps]) await noteBrokenInvariant(deps, randomUUID(), broken);
  await noteBrokenInvariant(world.deps, randomUUID(), { ...broken, wallet_id: randomUUID() });
  await noteBrokenInvariant(world.deps, randomUUID(), { ...broken, freeze_id: randomUUID() });

  const cases = (await world.cases()).filter(({ cause }) => cause === 'invariant_broken');
  expect(cases).toHaveLength(3);
  expect(cases.filter(({ about }) => about === `wallet:${wallet_id}:${freeze_id}`)).toMatchObject([
    { evidence: { wallet_id, entry: '3:2', invariants: ['I1'] } },
  ]);
  expect(await world.sent('reconciler.case-opened.v1')).toHaveLength(3);
});

test('M7: a debt is a case that names how much, one per refund however often it is told; a refund of what was there is none', async () => {
  const payment_id = randomUUID();
  const reversed = {
    ...{ transaction_id: newDepositId(), user_id: userId, currency: 'ZAR', amount_minor: '10000' },
    ...{ wallet_id: randomUUID(), posting_id: randomUUID(), purchase_id: randomUUID(), payment_id },
    ...{ reversal: 'chargeback', receivable_minor: '2500' },
  } as Parameters<typeof noteDebt>[2];
  for (const deps of [world.deps, world.replica]) await noteDebt(deps, randomUUID(), reversed);
  await noteDebt(world.deps, randomUUID(), { ...reversed, payment_id: randomUUID(), receivable_minor: '0' });
  const debts = (await world.cases()).filter(({ cause }) => cause === 'user_in_debt');
  expect(debts).toMatchObject([
    { about: payment_id, transactionId: reversed.transaction_id, evidence: { receivable_minor: '2500' } },
  ]);
});
