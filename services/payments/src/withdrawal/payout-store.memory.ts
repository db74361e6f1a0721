import type { MemoryDatabase } from '#libs/db';
import type { PayoutTx, PreparedPayout } from './payout-store.ts';

export function memoryPayouts(memory: MemoryDatabase): PayoutTx {
  const payouts = memory.table<PreparedPayout>({
    key: (row) => row.payoutId,
    keyConstraint: 'payouts_pkey',
    unique: { payouts_one_alive: (row) => (row.deadAt === null ? row.transactionId : null) },
  });
  return {
    insertPayout: async (payout) => payouts.insert(payout),
    findPayout: async (payoutId) => payouts.get(payoutId),
    buryPayout: async (payoutId, at) => {
      if (payouts.get(payoutId)?.deadAt === null) payouts.update(payoutId, { deadAt: at });
    },
  };
}
