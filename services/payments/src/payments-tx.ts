import type { MemoryDatabase, Sql } from '#libs/db';
import {
  type MemoryMessages,
  type MessageSource,
  type MessageTx,
  memoryMessages,
  postgresMessages,
} from '#libs/messaging';
import { type ActTx, memoryActs, postgresActs } from './approval/act-store.ts';
import { memoryBankAccounts } from './bank-account/bank-account-store.memory.ts';
import { postgresBankAccounts } from './bank-account/bank-account-store.postgres.ts';
import type { BankAccountTx } from './bank-account/bank-account-store.ts';
import { memoryFreezes } from './freezes/freeze-store.memory.ts';
import { postgresFreezes } from './freezes/freeze-store.postgres.ts';
import type { FreezeTx } from './freezes/freeze-store.ts';
import { memoryIdempotency } from './idempotency/idempotency-store.memory.ts';
import { postgresIdempotency } from './idempotency/idempotency-store.postgres.ts';
import type { IdempotencyTx } from './idempotency/idempotency-store.ts';
import { memoryTransactions } from './transaction/transaction-store.memory.ts';
import { postgresTransactions } from './transaction/transaction-store.postgres.ts';
import type { TransactionTx } from './transaction/transaction-store.ts';
import { memoryPayouts } from './withdrawal/payout-store.memory.ts';
import { postgresPayouts } from './withdrawal/payout-store.postgres.ts';
import type { PayoutTx } from './withdrawal/payout-store.ts';

/** Everything that one transaction of this service can touch; operations name the parts they need. */
export type PaymentsTx = TransactionTx & IdempotencyTx & PayoutTx & BankAccountTx & FreezeTx & ActTx & MessageTx;

export const postgresPaymentsTx = (sql: Sql, messages: MessageSource): PaymentsTx => ({
  ...postgresTransactions(sql),
  ...postgresIdempotency(sql),
  ...postgresPayouts(sql),
  ...postgresBankAccounts(sql),
  ...postgresFreezes(sql),
  ...postgresActs(sql),
  ...postgresMessages(sql, messages),
});

/** The store in memory, with its rows open to whoever checks them. */
export function memoryPaymentsTx(memory: MemoryDatabase, messages: MessageSource) {
  const freezes = memoryFreezes(memory);
  return {
    ...memoryTransactions(memory, freezes.isFrozen),
    ...memoryIdempotency(memory),
    ...memoryPayouts(memory),
    ...memoryBankAccounts(memory),
    ...freezes.tx,
    ...memoryActs(memory),
    ...memoryMessages(memory, messages),
  } satisfies PaymentsTx & MemoryMessages;
}
