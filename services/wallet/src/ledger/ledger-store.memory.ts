import type { MemoryDatabase } from '#libs/db';
import { memoryFreezes } from '../freezes/freeze-store.memory.ts';
import type { FreezeTx } from '../freezes/freeze-store.ts';
import { type Booking, type Entry, genesisHash, type Posting } from './booking.ts';
import type { Hold, Owner, Wallet } from './ledger.ts';
import type { LedgerTx, Newborn, Parked, ParkedVerdict } from './ledger-store.ts';

/** The ledger in memory, with its books open to whoever checks them. */
export function memoryLedger(memory: MemoryDatabase) {
  const wallets = memory.table<Wallet>({ key: ownerKey, keyConstraint: 'wallets_owner_unique' });
  const holds = memory.table<Hold>({ key: (row) => row.transactionId, keyConstraint: 'holds_pkey' });
  const postings = memory.table<Posting>({
    key: (row) => sourceKey(row.kind, row.sourceId),
    keyConstraint: 'postings_kind_source_unique',
  });
  const entries = memory.table<Entry>({
    key: (row) => `${row.walletId} ${row.walletVersion} ${row.line}`,
    keyConstraint: 'entries_pkey',
  });
  const parked = memory.table<ParkedVerdict>({
    key: (row) => sourceKey(row.kind, row.sourceId),
    keyConstraint: 'parked_verdicts_pkey',
  });

  const freezes = memoryFreezes(memory, (owner, frozenAt) => void wallets.update(ownerKey(owner), { frozenAt }));

  const lock = (owner: Owner, newborn: Newborn): Wallet => {
    wallets.insertIfAbsent(emptyWallet(owner, newborn));
    return wallets.get(ownerKey(owner)) ?? fail('the wallet was not made');
  };
  const awaited = (waitsFor: string): boolean => parked.filter((row) => row.waitsFor === waitsFor).length > 0;
  const write = ({ wallet, posting, entries: lines }: Booking): boolean => {
    if (!postings.insertIfAbsent(posting)) return false;
    for (const line of lines) entries.insert(line);
    const before = wallets.get(ownerKey(wallet));
    if (before?.version !== posting.walletVersion - 1n) fail('the wallet moved under our lock');
    // Not the mark of a freeze: what was locked may show the freeze of everything, which is no mark of this wallet.
    wallets.update(ownerKey(wallet), { ...wallet, frozenAt: before.frozenAt });
    return true;
  };
  const changeHold = (transactionId: string, change: Partial<Hold>) =>
    holds.update(transactionId, change) ?? fail('no such hold');

  const tx: LedgerTx & FreezeTx = {
    ...freezes.tx,
    lockWallet: async (owner, newborn) => {
      const wallet = lock(owner, newborn);
      return { ...wallet, frozenAt: wallet.frozenAt ?? freezes.everythingFrozenAt() };
    },
    lockForCredit: async (owner, newborn, purchaseId) => ({
      wallet: lock(owner, newborn),
      awaited: awaited(purchaseId),
    }),
    lockForSettlement: async (owner, newborn, transactionId) => ({
      wallet: lock(owner, newborn),
      hold: holds.get(transactionId) ?? null,
      awaited: awaited(transactionId),
    }),
    lockForReversal: async (owner, newborn, { purchaseId, paymentId }) => {
      const wallet = lock(owner, newborn);
      const credited = postings.get(sourceKey('credit', purchaseId));
      const reversed = postings.filter((row) => row.reverses === purchaseId);
      const reversedMinor = reversed.reduce((sum, row) => sum + row.amountMinor, 0n);
      const key = sourceKey('reversal', paymentId);
      return {
        wallet,
        credit: credited === undefined ? null : { ...credited, reversedMinor },
        known: postings.get(key) !== undefined || parked.get(key) !== undefined,
      };
    },

    placeHold: async (decided, booking) => {
      if (!holds.insertIfAbsent(decided)) return false;
      if (booking !== null && !write(booking)) fail('a new hold whose posting exists');
      return true;
    },
    findHold: async (transactionId) => holds.get(transactionId) ?? null,
    settleHold: async (transactionId, settlement, booking) => {
      changeHold(transactionId, { settlement });
      if (!write(booking)) fail('an open hold that was settled');
    },
    entombHold: async (tombstone) => {
      if (!holds.insertIfAbsent(tombstone)) changeHold(tombstone.transactionId, { settlement: 'void' });
    },
    returnHold: async (transactionId, returnedPayoutId) => {
      changeHold(transactionId, { returnedPayoutId });
    },

    write: async (booking) => write(booking),
    findPosting: async (kind, sourceId) => postings.get(sourceKey(kind, sourceId)) ?? null,

    park: async (verdict) => {
      parked.insertIfAbsent(verdict);
    },
    takeParked: async <Kind extends ParkedVerdict['kind']>(kind: Kind, waitsFor: string) => {
      const waiting = parked.filter((row) => row.kind === kind && row.waitsFor === waitsFor) as Parked<Kind>[];
      for (const verdict of waiting) parked.delete(sourceKey(verdict.kind, verdict.sourceId));
      return waiting;
    },
  };
  return { tx, books: { wallets, holds, postings, entries, parked } };
}

const ownerKey = ({ userId, currency }: Owner): string => `${userId} ${currency}`;
const sourceKey = (kind: string, sourceId: string): string => `${kind} ${sourceId}`;

const emptyWallet = ({ userId, currency }: Owner, { id }: Newborn): Wallet => ({
  id,
  userId,
  currency,
  availableMinor: 0n,
  heldMinor: 0n,
  receivableMinor: 0n,
  version: 0n,
  lastHash: genesisHash,
  frozenAt: null,
  countedOn: null,
  dayMinor: 0n,
  monthMinor: 0n,
  movedAt: null,
});

function fail(bug: string): never {
  throw new Error(bug);
}
