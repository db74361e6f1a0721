import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { adjustFunds } from '../src/adjust-funds.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import type { Freeze } from '../src/freezes/freeze.ts';
import { freezeWithdrawals } from '../src/freezes/freeze-withdrawals.ts';
import { releaseFreeze } from '../src/freezes/release-freeze.ts';
import { holdFunds } from '../src/hold-funds.ts';
import type { Owner } from '../src/ledger/ledger.ts';
import { postHold } from '../src/post-hold.ts';
import {
  adjustmentOf,
  depositOf,
  foreignId,
  memoryTestLedger,
  owner,
  postgresTestLedger,
  withdrawalOf,
} from './ledgers.ts';

const stores = [
  ['in memory', async () => memoryTestLedger()],
  ['on PostgreSQL', postgresTestLedger],
] as const;

describe.each(stores)('freezes %s', (_store, open) => {
  let ledger: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    ledger = await open();
  });
  afterAll(() => ledger?.close());

  const funded = async () => {
    const deposit = depositOf(owner(), 10_000n);
    await creditDeposit(ledger.deps, deposit, foreignId());
    return deposit;
  };
  const freeze = (who: Owner | null, by = newUuid()): Promise<Freeze> => {
    const frozen = who === null ? null : { userId: who.userId, currency: who.currency };
    return freezeWithdrawals(ledger.deps, { owner: frozen, reason: 'suspicious', frozenBy: by });
  };
  const lift = (freezeId: string, adminId = newUuid()) => releaseFreeze(ledger.deps, { freezeId, adminId });
  const release = async (freezeId: string) => [await lift(freezeId), await lift(freezeId)];
  const refusalOf = async (who: Owner) => {
    const hold = await holdFunds(ledger.deps, withdrawalOf(who, 100n));
    return hold === 'conflict' ? hold : hold.refusal;
  };

  test('M11: a frozen wallet holds nothing new; what is held ends, deposits land, other wallets go on', async () => {
    const who = await funded();
    const other = await funded();
    const before = withdrawalOf(who, 1_000n);
    await holdFunds(ledger.deps, before);
    const { id } = await freeze(who);
    expect([await refusalOf(who), await refusalOf(other)]).toEqual(['wallet_frozen', null]);
    expect(await holdFunds(ledger.deps, before), 'decided before').toMatchObject({ refusal: null });
    await postHold(ledger.deps, before, foreignId());
    await creditDeposit(ledger.deps, depositOf(who, 500n), foreignId());
    expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 9_500n, heldMinor: 0n });
    await release(id);
    expect(await refusalOf(who)).toBeNull();
  });

  test('M11: a freeze of everything is for every wallet, also one that is made later, and the deposit that makes it lands', async () => {
    const who = await funded();
    const { id } = await freeze(null);
    const later = await funded();
    expect([await refusalOf(who), await refusalOf(later)]).toEqual(['wallet_frozen', 'wallet_frozen']);
    await release(id);
    expect([await refusalOf(who), await refusalOf(later)]).toEqual([null, null]);
  });

  test('M11: a wallet that nobody has paid into yet can be frozen', async () => {
    const who = owner();
    await freeze(who);
    await creditDeposit(ledger.deps, depositOf(who, 500n), foreignId());
    expect(await refusalOf(who)).toBe('wallet_frozen');
  });

  test('M11: lifting takes two admins; the first alone is refused however often he asks', async () => {
    const who = await funded();
    const { id } = await freeze(who);
    const admin = newUuid();
    expect(await lift(id, admin)).toMatchObject({ ok: true, freeze: { releaseProposedBy: admin, releasedAt: null } });
    expect(await lift(id, admin)).toEqual({ ok: false, refusal: 'other_admin_needed' });
    expect(await refusalOf(who)).toBe('wallet_frozen');
    expect(await lift(id)).toMatchObject({ ok: true, freeze: { releasedAt: expect.any(Date) } });
    expect(await lift(id)).toEqual({ ok: false, refusal: 'freeze_released' });
    expect(await lift(newUuid())).toEqual({ ok: false, refusal: 'not_found' });
  });

  test('M11: freezing twice is one freeze, told once; frozen again after it was lifted, it is another', async () => {
    const who = await funded();
    const first = await freeze(who);
    expect(await freeze(who)).toEqual(first);
    const facts = async () =>
      (await ledger.sent(first.id)).map(({ type }) => type).filter((type) => type !== 'wallet.audited.v1');
    expect(await facts()).toEqual(['wallet.frozen.v1']);
    await release(first.id);
    expect(await facts()).toEqual(['wallet.frozen.v1', 'wallet.unfrozen.v1']);
    expect((await freeze(who)).id).not.toBe(first.id);
  });

  test('M11: a wallet under two freezes stays frozen until both are lifted', async () => {
    const who = await funded();
    const mine = await freeze(who);
    const everything = await freeze(null);
    await release(mine.id);
    expect(await refusalOf(who)).toBe('wallet_frozen');
    await release(everything.id);
    expect(await refusalOf(who)).toBeNull();
  });

  test('R4 M11: an adjustment while everything is frozen leaves no mark of its own on the wallet', async () => {
    const who = await funded();
    const { id } = await freeze(null);
    await adjustFunds(ledger.deps, adjustmentOf(who, 500n, 'credit'), foreignId());
    expect(await ledger.wallet(who)).toMatchObject({ availableMinor: 10_500n, frozenAt: null });
    await release(id);
    expect(await refusalOf(who)).toBeNull();
  });

  test('A7: placing, proposing to lift and lifting are acts, told with who did them and nothing of a refused try', async () => {
    const [placer, proposer, releaser] = [newUuid(), newUuid(), newUuid()];
    const { id } = await freeze(await funded(), placer);
    await lift(id, proposer);
    await lift(id, proposer);
    await lift(id, releaser);
    await lift(id, releaser);
    const told = (await ledger.sent(id)).filter(({ type }) => type === 'wallet.audited.v1').map(({ data }) => data);
    expect(told).toMatchObject([
      { actor_id: placer, action: 'freeze_placed', about: id },
      { actor_id: proposer, action: 'freeze_release_proposed', about: id },
      { actor_id: releaser, action: 'freeze_released', about: id },
    ]);
  });

  test('what is in force is listed first', async () => {
    const lifted = await freeze(await funded());
    await release(lifted.id);
    const inForce = await freeze(await funded());
    const listed = (await ledger.deps.transact((tx) => tx.listFreezes(100))).map(({ id }) => id);
    expect(listed.indexOf(inForce.id)).toBeLessThan(listed.indexOf(lifted.id));
  });
});

describe('M11: the database itself refuses', () => {
  let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
  let service: pg.Client;
  let id: string;
  const who = owner();
  beforeAll(async () => {
    ledger = await postgresTestLedger();
    service = new pg.Client({ connectionString: ledger.url });
    await service.connect();
    ({ id } = await freezeWithdrawals(ledger.deps, { owner: who, reason: 'suspicious', frozenBy: newUuid() }));
  });
  afterAll(async () => {
    await service.end();
    await ledger.close();
  });
  const run = (set: string) => service.query(`UPDATE freezes SET ${set} WHERE id = $1`, [id]);
  const proposal = (by: string) => `release_proposed_by = '${by}', release_proposed_at = now()`;
  const released = (by: string) => `released_by = '${by}', released_at = now()`;

  test('a release that nobody proposed, or that is proposed in the same breath', async () => {
    await expect(run(released('b'))).rejects.toMatchObject({ code: '23514' });
    await expect(run(`${proposal('a')}, ${released('b')}`)).rejects.toMatchObject({ constraint: 'freezes_two_steps' });
  });

  test('a release by the admin who proposed it, under that name or by putting another one to the proposal', async () => {
    await run(proposal('a'));
    await expect(run(released('a'))).rejects.toMatchObject({ constraint: 'freezes_released_by_another' });
    await expect(run(proposal('b'))).rejects.toMatchObject({ constraint: 'freezes_two_steps' });
    await expect(run(`${proposal('b')}, ${released('a')}`)).rejects.toMatchObject({ constraint: 'freezes_two_steps' });
    await run(released('b'));
    await expect(run(released('c'))).rejects.toMatchObject({ constraint: 'freezes_two_steps' });
  });

  test.each([
    'UPDATE acts SET actor_id = gen_random_uuid()',
    'DELETE FROM acts',
    'UPDATE wallets SET frozen_at = NULL',
    'DELETE FROM freezes',
    `UPDATE freezes SET frozen_by = 'nobody'`,
    'ALTER TABLE freezes DISABLE TRIGGER ALL',
  ])('what would get round it: %s', async (text) => {
    await expect(service.query(text)).rejects.toThrow(/permission denied|must be owner/);
  });
});
