import { openCase } from '../cases/open-case.ts';
import type { Deps } from '../deps.ts';
import type { ReconcilerTx } from '../reconciler-store.ts';
import type { Item } from './compare-day.ts';
import type { KnownCase, ProviderSideTx } from './provider-side-store.ts';

/** More than that is one mistake (a statement of another brand, a ledger that was restored), and one case about the whole day. */
const casesMax = 100;

const transactionForm = /^(dep|wd|rev|adj)_[0-9A-HJKMNP-TV-Z]{26}$/;
const objectForm = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * A case for each difference, unless one is open about the same object or transaction: that explains it. What a verdict stands for is
 * on its way into the ledger, and is none yet. Returns the case of each item that has one.
 */
export async function openDifferences(
  tx: ReconcilerTx & ProviderSideTx,
  deps: Pick<Deps, 'clock' | 'newUuid'>,
  { day, currency }: { day: string; currency: string },
  items: readonly Item[],
): Promise<Map<Item, string>> {
  const different = items.filter(({ result }) => result !== 'matched' && result !== 'ours_alone');
  if (different.length > casesMax) return openForTheDay(tx, deps, { day, currency }, different);
  const objectIds = different.map((item) => aboutOf(item).objectId);
  const onTheirWay = new Set(await tx.decidedAmong(objectIds));
  const explained = async () => {
    const transactionIds = different.flatMap((item) => aboutOf(item).transactionId ?? []);
    return casesOf(await tx.casesAbout(objectIds, transactionIds));
  };
  const before = await explained();
  for (const item of different) {
    const { objectId, transactionId, kind } = aboutOf(item);
    if (before.find(item)?.isOpen) continue;
    if (item.result === 'missing_here' && onTheirWay.has(objectId)) continue;
    await openCase(tx, deps, {
      cause: `report_${item.result}`,
      about: `${kind}:${objectId}`,
      transactionId,
      objectId: objectForm.test(objectId) ? objectId : null,
      evidence: { day, currency, difference_minor: item.differenceMinor.toString(), ...evidenceOf(item) },
    });
  }
  const after = await explained();
  return new Map(different.flatMap((item) => (after.find(item) ? [[item, after.find(item)?.id ?? '']] : [])));
}

function casesOf(known: readonly KnownCase[]) {
  const open = new Map<string, KnownCase>();
  const own = new Map<string, KnownCase>();
  for (const each of known) {
    own.set(`${each.cause} ${each.about}`, each);
    if (!each.isOpen) continue;
    for (const id of [each.objectId, each.transactionId]) if (id !== null && !open.has(id)) open.set(id, each);
  }
  return {
    /** The one that is open about it; else its own, which somebody has closed. */
    find: (item: Item): KnownCase | undefined => {
      const { objectId, transactionId, kind } = aboutOf(item);
      const byTransaction = transactionId === null ? undefined : open.get(transactionId);
      return open.get(objectId) ?? byTransaction ?? own.get(`report_${item.result} ${kind}:${objectId}`);
    },
  };
}

async function openForTheDay(
  tx: ReconcilerTx,
  deps: Pick<Deps, 'clock' | 'newUuid'>,
  of: { day: string; currency: string },
  different: readonly Item[],
): Promise<Map<Item, string>> {
  await openCase(tx, deps, {
    cause: 'report_differs',
    about: `${of.day}:${of.currency}`,
    transactionId: null,
    objectId: null,
    evidence: { ...of, differences: different.length, first: different.slice(0, 10).map(evidenceOf) },
  });
  return new Map();
}

function aboutOf({ ours, theirs }: Item) {
  const side = ours ?? theirs;
  if (side === null) throw new Error('an item of neither side');
  const reference = ours?.transactionId ?? theirs?.reference ?? '';
  return {
    kind: side.kind,
    objectId: side.objectId,
    transactionId: transactionForm.test(reference) ? reference : null,
  };
}

const evidenceOf = ({ ours, theirs }: Item) => ({
  ours: ours && { amount_minor: ours.amountMinor.toString(), currency: ours.currency, at: ours.at.toISOString() },
  theirs: theirs && {
    amount_minor: theirs.amountMinor.toString(),
    currency: theirs.currency,
    status: theirs.status,
    at: theirs.at.toISOString(),
    told_by: theirs.from,
  },
});
