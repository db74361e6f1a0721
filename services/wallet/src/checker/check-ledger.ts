import type { Sql, Transact } from '#libs/db';
import type { Currency } from '#libs/money';
import { type Snapshot, snapshot, type WalletSums } from './snapshot.ts';
import { agrees, genesis, type PostedEntry, type Verified, verifyChain } from './verify-chain.ts';

/** DESIGN §6: I1 sums to zero, I2 balances are the sum of their entries, I3 nothing negative; `chain`: an entry was changed. */
type Invariant = 'I1' | 'I2' | 'I3' | 'chain';

export type Break = Pick<WalletSums, 'userId' | 'currency'> & {
  walletId: string;
  invariants: Invariant[];
  /** The first entry that does not follow from those before it, `3:1`; null where only the wallet's row is wrong. */
  entry: string | null;
};

export type LedgerState = {
  /** Absolute per wallet, so that two wallets that are wrong never look as one that is right. */
  imbalanceMinor: Map<Currency, bigint>;
  debtsMinor: Map<Currency, bigint>;
  driftWallets: number;
  negativeAccounts: number;
  holdsOpen: number;
  breaks: Break[];
};

/** What an earlier check has verified, by wallet. */
export type Checkpoints = Map<string, Verified>;

/** 60 MB. What does not fit is verified from its first entry each time. */
const checkpointsMax = 200_000;
/** A hundred wallets say that something is wrong as well as a million do; the counts are of all. */
const breaksMax = 100;
const beforeAllIds = '00000000-0000-0000-0000-000000000000';

/**
 * Verifies the ledger as it was at one moment: REPEATABLE READ, so that a posting is there with its balances or not at all, and a
 * load of any size raises no false alarm. The sums are of every entry, each time. The hashes, which cost far more, are of what came
 * since `checkpoints`, and of every entry of a wallet whose sums are wrong; with `full`, of all. Throws when anything cannot be read.
 */
export function checkLedger(
  transact: Transact<Sql>,
  checkpoints: Checkpoints,
  { full }: { full: boolean },
): Promise<LedgerState> {
  return transact(
    async (sql) => {
      await sql.run('SET TRANSACTION READ ONLY');
      const ledger = snapshot(sql);
      const state: LedgerState = {
        ...{ imbalanceMinor: new Map(), debtsMinor: new Map(), breaks: [] },
        ...{ driftWallets: 0, negativeAccounts: 0, holdsOpen: await ledger.countHoldsOpen() },
      };
      // Ends with the wallets that there are at this moment: the snapshot gets no new ones.
      for (let after = beforeAllIds; ; ) {
        const wallets = await ledger.walletsAfter(after);
        const last = wallets.at(-1);
        if (last === undefined) return state;
        const chains = await verifyPage(ledger, wallets, checkpoints);
        const whole = full ? await verifyPage(ledger, wallets, new Map()) : chains;
        for (const wallet of wallets) {
          const since = chains.get(wallet.id);
          const chain = asSeenBefore(wallet, checkpoints.get(wallet.id), since?.sound ? whole.get(wallet.id) : since);
          note(state, wallet, chain ?? null);
          keep(checkpoints, wallet.id, chain);
        }
        after = last.id;
      }
    },
    { isolation: 'repeatable read' },
  );
}

/** `rewritten`: it is whole, and another one than was verified before. */
type Chain = { sound: true; verified: Verified } | { sound: false; entry: string | null; rewritten?: true };

/**
 * A whole chain, held against the checkpoint of an earlier check: it must lead on from there. One that ends before it, or elsewhere, was
 * taken back or written anew, with all its hashes: by somebody, or by a database that came back without its last minutes.
 */
function asSeenBefore(wallet: WalletSums, before: Verified | undefined, chain: Chain | undefined): Chain | undefined {
  if (before === undefined || chain?.sound !== true || wallet.version > before.version) return chain;
  if (agrees(wallet, before)) return chain;
  const version = wallet.version < before.version ? wallet.version + 1n : wallet.version;
  return { sound: false, entry: `${version}:1`, rewritten: true };
}

/** Each wallet's chain, a few postings of all of them at a time. */
async function verifyPage(
  ledger: Snapshot,
  wallets: readonly WalletSums[],
  checkpoints: Checkpoints,
): Promise<Map<string, Chain>> {
  const chains = new Map<string, Chain>();
  let open = wallets.map((wallet) => ({ wallet, verified: startOf(wallet, checkpoints) }));
  while (open.length > 0) {
    const behind = open.filter(({ wallet, verified }) => verified.version < wallet.version);
    for (const { wallet, verified } of open) {
      if (verified.version < wallet.version) continue;
      chains.set(wallet.id, agrees(wallet, verified) ? { sound: true, verified } : { sound: false, entry: null });
    }
    if (behind.length === 0) break;
    const places = behind.map(({ wallet, verified }) => ({ walletId: wallet.id, version: verified.version }));
    const entries = byWallet(await ledger.entriesAfter(places));
    open = behind.flatMap(({ wallet, verified }) => {
      const result = verifyChain(wallet, verified, entries.get(wallet.id) ?? []);
      const stuck = result.sound && result.verified.version === verified.version; // the next posting is not there
      if (result.sound && !stuck) return [{ wallet, verified: result.verified }];
      chains.set(wallet.id, { sound: false, entry: result.sound ? `${verified.version + 1n}:1` : result.entry });
      return [];
    });
  }
  return chains;
}

function byWallet(entries: readonly PostedEntry[]): Map<string, PostedEntry[]> {
  const found = new Map<string, PostedEntry[]>();
  for (const entry of entries) {
    const others = found.get(entry.walletId);
    if (others === undefined) found.set(entry.walletId, [entry]);
    else others.push(entry);
  }
  return found;
}

/**
 * From the checkpoint, unless it and the wallet's row or sums contradict each other, or the wallet is behind it: then from the first
 * entry, which finds the one to name, if there is one.
 */
function startOf(wallet: WalletSums, checkpoints: Checkpoints): Verified {
  const checkpoint = checkpoints.get(wallet.id);
  if (checkpoint === undefined || brokenBy(wallet).length > 0) return genesis;
  return checkpoint.version < wallet.version || agrees(wallet, checkpoint) ? checkpoint : genesis;
}

function brokenBy(wallet: WalletSums): Invariant[] {
  const { availableMinor, heldMinor, receivableMinor, availableSum, heldSum, receivableSum, totalSum } = wallet;
  const adds = availableMinor === availableSum && heldMinor === heldSum && receivableMinor === receivableSum;
  return [
    ...(totalSum === 0n ? [] : (['I1'] as const)),
    ...(adds ? [] : (['I2'] as const)),
    ...(negatives(wallet) === 0 ? [] : (['I3'] as const)),
  ];
}

/** A debt is kept as a negative number, and is wrong when it is positive. */
const negatives = ({ availableMinor, heldMinor, receivableMinor }: WalletSums): number =>
  [availableMinor, heldMinor, -receivableMinor].filter((balance) => balance < 0n).length;

const abs = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
const add = (to: Map<Currency, bigint>, currency: Currency, amount: bigint): void =>
  void to.set(currency, (to.get(currency) ?? 0n) + amount);

function note(state: LedgerState, wallet: WalletSums, chain: Chain | null): void {
  const { id: walletId, userId, currency } = wallet;
  add(state.imbalanceMinor, currency, abs(wallet.totalSum));
  add(state.debtsMinor, currency, -wallet.receivableMinor);
  state.negativeAccounts += negatives(wallet);
  const entry = chain?.sound === false ? chain.entry : null;
  const invariants = brokenBy(wallet);
  // A chain that is whole and leads elsewhere than the wallet's row is I2 in other words.
  if (chain?.sound !== true && (entry !== null || invariants.length === 0)) invariants.push('chain');
  if (invariants.length === 0) return;
  state.driftWallets += 1;
  if (state.breaks.length >= breaksMax) return;
  state.breaks.push({ walletId, userId, currency, invariants, entry });
}

function keep(checkpoints: Checkpoints, walletId: string, chain: Chain | undefined): void {
  if (chain?.sound === false && chain.rewritten) return; // still a contradiction at the next check, until this process ends
  if (chain?.sound !== true) checkpoints.delete(walletId);
  else if (checkpoints.has(walletId) || checkpoints.size < checkpointsMax) checkpoints.set(walletId, chain.verified);
}
