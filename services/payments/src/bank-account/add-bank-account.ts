import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { SealingKeys } from '#libs/sealed';
import type { PaymentsTx } from '../payments-tx.ts';
import { problem } from '../problems.ts';
import { type BankDetails, sealDetails } from '../sealed-details.ts';
import type { BankAccount } from './bank-account-store.ts';
import { type BankAccountResource, bankAccountResource } from './resource.ts';

/** More than any person has. Two requests at once may pass it by one; it only keeps the list short. */
export const bankAccountsMax = 20;

export interface NewBankAccount extends BankDetails {
  userId: string;
  bankCode: string;
  bankName: string | null;
}

/** Stores a bank account of the user, sealed. Throws `too_many_bank_accounts`. */
export async function addBankAccount(
  deps: { transact: Transact<PaymentsTx>; clock: Clock; newUuid: () => string; sealingKeys: SealingKeys },
  { userId, bankCode, bankName, holder, accountNumber }: NewBankAccount,
): Promise<BankAccountResource> {
  const id = deps.newUuid();
  const detailsSealed = sealDetails(deps.sealingKeys, { id, userId }, { holder, accountNumber });
  const account: BankAccount = { id, userId, bankCode, bankName, detailsSealed, createdAt: deps.clock.now() };
  await deps.transact(async (tx) => {
    const stored = await tx.listBankAccounts(userId, bankAccountsMax);
    if (stored.length >= bankAccountsMax) throw problem('too_many_bank_accounts');
    await tx.insertBankAccount(account);
  });
  return bankAccountResource(account, { holder, accountNumber });
}
