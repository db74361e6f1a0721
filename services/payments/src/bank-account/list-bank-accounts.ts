import type { Transact } from '#libs/db';
import type { SealingKeys } from '#libs/sealed';
import type { PaymentsTx } from '../payments-tx.ts';
import { openDetails } from '../sealed-details.ts';
import { bankAccountsMax } from './add-bank-account.ts';
import { type BankAccountResource, bankAccountResource } from './resource.ts';

/** The user's bank accounts, newest first, masked. */
export async function listBankAccounts(
  deps: { transact: Transact<PaymentsTx>; sealingKeys: SealingKeys; coolOffMs: number },
  userId: string,
): Promise<{ data: BankAccountResource[] }> {
  const accounts = await deps.transact((tx) => tx.listBankAccounts(userId, bankAccountsMax));
  return {
    data: accounts.map((account) =>
      bankAccountResource(account, openDetails(deps.sealingKeys, account), deps.coolOffMs),
    ),
  };
}
