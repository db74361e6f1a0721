import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { SealingKeys } from '#libs/sealed';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import { type BankDetails, openDetails, sealDetails } from '../sealed-details.ts';
import type { BankAccount } from './bank-account-store.ts';
import { type BankAccountResource, bankAccountResource } from './resource.ts';

/** More than any person has; it keeps the list short. */
export const bankAccountsMax = 20;

export interface NewBankAccount extends BankDetails {
  userId: string;
  bankCode: string;
  bankName: string | null;
}

/**
 * Stores a bank account of the user, sealed. One that is stored already in these very words is not stored again but returned: whoever
 * clicks twice, or asks again after a lost answer, has one account (M6, F1). Throws `too_many_bank_accounts`.
 */
export function addBankAccount(
  deps: {
    transact: Transact<PaymentsTx>;
    clock: Clock;
    newUuid: () => string;
    sealingKeys: SealingKeys;
    coolOffMs: number;
  },
  added: NewBankAccount,
): Promise<BankAccountResource> {
  const { userId, bankCode, bankName, holder, accountNumber } = added;
  const id = deps.newUuid();
  const detailsSealed = sealDetails(deps.sealingKeys, { id, userId }, { holder, accountNumber });
  const account: BankAccount = {
    id,
    userId,
    bankCode,
    bankName,
    detailsSealed,
    createdAt: deps.clock.now(),
    removedAt: null,
  };
  return deps.transact(
    async (tx) => {
      await tx.lockBankAccounts(userId);
      const stored = await tx.listBankAccounts(userId, bankAccountsMax);
      // Opened and compared, since the same details seal differently each time; at most twenty, some microseconds each.
      const same = stored.find((other) => isSame(added, { ...other, ...openDetails(deps.sealingKeys, other) }));
      if (same === undefined && stored.length >= bankAccountsMax) throw problem('too_many_bank_accounts');
      if (same === undefined) await tx.insertBankAccount(account);
      return bankAccountResource(same ?? account, { holder, accountNumber }, deps.coolOffMs);
    },
    { onUnknownCommit: 'rerun' },
  );
}

const isSame = (one: NewBankAccount, other: NewBankAccount): boolean =>
  one.bankCode === other.bankCode &&
  one.bankName === other.bankName &&
  one.holder === other.holder &&
  one.accountNumber === other.accountNumber;
