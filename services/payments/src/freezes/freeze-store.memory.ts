import type { MemoryDatabase } from '#libs/db';
import type { Currency } from '#libs/money';
import type { Freeze, FreezeTx } from './freeze-store.ts';

/** `isFrozen` is for the transactions, as the SQL of theirs looks into this table. */
export function memoryFreezes(memory: MemoryDatabase) {
  const freezes = memory.table<Freeze>({ key: (row) => row.id, keyConstraint: 'freezes_pkey' });
  const isFrozen = ({ userId, currency }: { userId: string; currency: Currency }): boolean =>
    freezes.filter(
      (row) => !row.lifted && (row.userId === null || (row.userId === userId && row.currency === currency)),
    ).length > 0;
  const tx: FreezeTx & { freezes(): readonly Freeze[] } = {
    freezes: () => freezes.all(),
    noteFreeze: async (freeze) => {
      if (!freezes.insertIfAbsent(freeze) && freeze.lifted) freezes.update(freeze.id, { lifted: true });
    },
  };
  return { tx, isFrozen };
}
