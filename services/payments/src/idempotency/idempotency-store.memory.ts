import type { MemoryDatabase } from '#libs/db';
import type { IdempotencyKey, IdempotencyTx } from './idempotency-store.ts';

export function memoryIdempotency(memory: MemoryDatabase): IdempotencyTx {
  const idOf = (userId: string, key: string) => `${userId} ${key}`;
  const keys = memory.table<IdempotencyKey>({
    key: (row) => idOf(row.userId, row.key),
    keyConstraint: 'idempotency_keys_pkey',
    unique: { idempotency_keys_transaction_once: (row) => row.transactionId },
  });
  return {
    findKey: async (userId, key) => keys.get(idOf(userId, key)),
    claimKey: async (claim) => {
      const inserted = keys.insertIfAbsent(claim);
      return { stored: keys.get(idOf(claim.userId, claim.key)) ?? claim, inserted };
    },
    storeAnswer: async (transactionId, answer) => {
      const [row] = keys.filter((key) => key.transactionId === transactionId);
      if (row === undefined) return answer;
      return keys.update(idOf(row.userId, row.key), { answer: row.answer ?? answer })?.answer ?? answer;
    },
  };
}
