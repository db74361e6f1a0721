import { expect } from 'vitest';
import { type Entry, genesisHash, hashOf, type Posting } from '../src/ledger/booking.ts';
import type { Wallet } from '../src/ledger/ledger.ts';

type Rows = { wallets: readonly Wallet[]; postings: readonly Posting[]; entries: readonly Entry[] };

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

function groups<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group) group.push(row);
    else found.set(keyOf(row), [row]);
  }
  return found;
}

/**
 * DESIGN §6 over the rows themselves: I1 every posting sums to zero, I2 every balance is the sum of its entries, I3 nothing is
 * negative, I5 one posting per kind and source; nobody has money to spend and a debt (M7); and each wallet's entries form one unbroken chain of hashes and running balances.
 */
export function expectSound({ wallets, postings, entries }: Rows): void {
  const sources = postings.map(({ kind, sourceId }) => `${kind} ${sourceId}`);
  expect(new Set(sources).size, 'I5').toBe(sources.length);
  const byWallet = groups(entries, ({ walletId }) => walletId);
  const byPosting = groups(entries, ({ postingId }) => postingId);
  for (const { id } of postings) {
    expect(sum((byPosting.get(id) ?? []).map(({ amountMinor }) => amountMinor)), `I1 posting ${id}`).toBe(0n);
  }
  const postingsById = new Map(postings.map((posting) => [posting.id, posting]));
  for (const wallet of wallets) {
    const chain = (byWallet.get(wallet.id) ?? []).toSorted(
      (a, b) => Number(a.walletVersion - b.walletVersion) || a.line - b.line,
    );
    expect(wallet.availableMinor >= 0n && wallet.heldMinor >= 0n && wallet.receivableMinor <= 0n, 'I3').toBe(true);
    expect(wallet.availableMinor === 0n || wallet.receivableMinor === 0n, 'M7: money to spend beside a debt').toBe(
      true,
    );
    expectChained(wallet, chain, postingsById);
  }
}

function expectChained(wallet: Wallet, chain: readonly Entry[], postings: ReadonlyMap<string, Posting>): void {
  const balances = new Map<string, bigint>();
  let previousHash = genesisHash;
  for (const entry of chain) {
    const posting = postings.get(entry.postingId);
    if (posting === undefined) throw new Error(`entry without its posting: ${entry.postingId}`);
    expect(entry.previousHash).toBe(previousHash);
    expect(entry.hash).toBe(hashOf(entry, posting));
    previousHash = entry.hash;
    const balance = (balances.get(entry.account) ?? 0n) + entry.amountMinor;
    balances.set(entry.account, balance);
    const isSystem = entry.account === 'revio:clearing' || entry.account === 'adjustments';
    expect(entry.balanceMinor).toBe(isSystem ? null : balance);
  }
  expect(wallet.lastHash).toBe(previousHash);
  expect(wallet.version).toBe(chain.at(-1)?.walletVersion ?? 0n);
  const { availableMinor, heldMinor, receivableMinor } = wallet;
  const held = [balances.get('available') ?? 0n, balances.get('held') ?? 0n, balances.get('receivable') ?? 0n];
  expect([availableMinor, heldMinor, receivableMinor], `I2 wallet ${wallet.id}`).toEqual(held);
}
