import type { Transact } from '#libs/db';
import type { SealingKeys } from '#libs/sealed';
import type { PaymentsTx } from '../payments-tx.ts';
import type { Payee } from '../revio/provider.ts';
import { openDetails } from '../sealed-details.ts';
import type { Transaction } from '../transaction/transaction.ts';

/** Who a withdrawal is paid to, in clear for the call to Revio only. Throws when the account is gone or does not open. */
export async function openPayee(
  deps: { transact: Transact<PaymentsTx>; sealingKeys: SealingKeys },
  { userId, bankAccountId }: Transaction,
): Promise<Payee> {
  const account =
    bankAccountId === null ? undefined : await deps.transact((tx) => tx.findBankAccount(userId, bankAccountId));
  if (account === undefined) throw new Error('the bank account of a withdrawal is missing');
  return { ...openDetails(deps.sealingKeys, account), bankCode: account.bankCode, bankName: account.bankName };
}
