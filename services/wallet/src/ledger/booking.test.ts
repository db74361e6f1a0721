import { expect, test } from 'vitest';
import { book, genesisHash, hashOf, type Occasion } from './booking.ts';
import { credit, type Wallet } from './ledger.ts';

const indebted: Wallet = {
  ...{ id: 'w', userId: 'u', currency: 'ZAR', version: 7n, lastHash: genesisHash, frozenAt: null },
  ...{ availableMinor: 5n, heldMinor: 0n, receivableMinor: -30n },
  ...{ countedOn: null, dayMinor: 0n, monthMinor: 0n, movedAt: null },
};
const occasion: Occasion = {
  ...{ id: 'p', kind: 'credit', sourceId: 'purchase', transactionId: 'dep', amountMinor: 100n, traceId: 'trace' },
  createdAt: new Date('2026-03-01T10:00:00.000Z'),
};

function booked() {
  const decision = credit(indebted, 100n);
  if (decision.action !== 'move') throw new Error(decision.reason);
  return book(indebted, occasion, decision.moves);
}

test('M5: a posting becomes signed entries that sum to zero, each with the running balance of its account', () => {
  const { wallet, posting, entries } = booked();
  expect(entries.map((e) => [e.line, e.account, e.amountMinor, e.balanceMinor])).toEqual([
    [1, 'revio:clearing', -100n, null],
    [2, 'available', 100n, 105n],
    [3, 'available', -30n, 75n],
    [4, 'receivable', 30n, 0n],
  ]);
  expect(wallet).toMatchObject({ availableMinor: 75n, heldMinor: 0n, receivableMinor: 0n, version: 8n });
  expect(posting).toMatchObject({
    kind: 'credit',
    walletVersion: 8n,
    currency: 'ZAR',
    settlement: null,
    reverses: null,
  });
});

test('M5: each entry is chained to the one before it, and the wallet knows the last', () => {
  const { wallet, posting, entries } = booked();
  const hashes = entries.map((entry) => entry.hash);
  expect(entries.map((entry) => entry.previousHash)).toEqual([genesisHash, ...hashes.slice(0, -1)]);
  expect(wallet.lastHash).toBe(hashes.at(-1));
  for (const entry of entries) expect(hashOf(entry, posting)).toBe(entry.hash);
});

test('M5: whatever is changed in an entry or its posting changes its hash', () => {
  const { posting, entries } = booked();
  const [entry] = entries;
  if (entry === undefined) throw new Error('no entry');
  const changes = [
    { amountMinor: -99n },
    { account: 'held' as const },
    { balanceMinor: 0n },
    { line: 2 },
    { traceId: null },
  ];
  for (const change of changes) expect(hashOf({ ...entry, ...change }, posting)).not.toBe(entry.hash);
  expect(hashOf(entry, { ...posting, sourceId: 'another' })).not.toBe(entry.hash);
  expect(hashOf(entry, { ...posting, kind: 'reversal' })).not.toBe(entry.hash);
});

test('the form of what is hashed is fixed for ever: entries written years ago must still verify', () => {
  expect(booked().entries[0]?.hash).toBe('f62d6c50181e66a618ab41ac399862de2b42cef216383001e3c1337aae22d40c');
});
