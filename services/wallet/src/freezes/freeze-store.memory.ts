import type { MemoryDatabase } from '#libs/db';
import type { Owner } from '../ledger/ledger.ts';
import type { Act } from './act.ts';
import type { Freeze } from './freeze.ts';
import type { FreezeTx } from './freeze-store.ts';

/** `mark` writes a wallet's own mark, as the trigger does in PostgreSQL. */
export function memoryFreezes(memory: MemoryDatabase, mark: (owner: Owner, frozenAt: Date | null) => void) {
  const freezes = memory.table<Freeze>({
    key: (row) => row.id,
    keyConstraint: 'freezes_pkey',
    unique: { freezes_one_per_wallet: (row) => (row.releasedAt === null ? scopeOf(row.owner) : null) },
  });
  const acts = memory.table<Act>({ key: (row) => row.id, keyConstraint: 'acts_pkey' });
  const active = (owner: Owner | null) =>
    freezes.filter((row) => row.releasedAt === null && scopeOf(row.owner) === scopeOf(owner))[0];
  const lasts = ({ releasedAt }: Freeze) => (releasedAt === null ? 0 : 1);

  const tx: FreezeTx = {
    insertFreeze: async (freeze) => {
      if (!freezes.insertIfAbsent(freeze)) return false;
      if (freeze.owner !== null) mark(freeze.owner, freeze.frozenAt);
      return true;
    },
    findActiveFreeze: async (owner) => active(owner) ?? null,
    lockFreeze: async (id) => freezes.get(id) ?? null,
    proposeRelease: async (id, releaseProposedBy, releaseProposedAt) => {
      if (freezes.get(id)?.releaseProposedBy !== null) throw new Error('freezes_two_steps');
      freezes.update(id, { releaseProposedBy, releaseProposedAt });
    },
    releaseFreeze: async (id, releasedBy, releasedAt) => {
      const proposedBy = freezes.get(id)?.releaseProposedBy ?? null;
      if (proposedBy === null || proposedBy === releasedBy) throw new Error('freezes_released_by_another');
      const released = freezes.update(id, { releasedBy, releasedAt });
      if (released?.owner != null) mark(released.owner, null);
    },
    listFreezes: async (limit) =>
      [...freezes.all()]
        .sort((a, b) => lasts(a) - lasts(b) || b.frozenAt.getTime() - a.frozenAt.getTime())
        .slice(0, limit),
    insertAct: async (act) => acts.insert(act),
  };
  return { tx, everythingFrozenAt: () => active(null)?.frozenAt ?? null };
}

const scopeOf = (owner: Owner | null): string => (owner === null ? 'everything' : `${owner.userId} ${owner.currency}`);
