import type { BankDetails } from '../sealed-details.ts';
import type { BankAccount } from './bank-account-store.ts';
import { usableFrom } from './usable-account.ts';

export interface BankAccountResource {
  id: string;
  bank_code: string;
  bank_name: string | null;
  account_holder: string;
  account_number: string;
  created_at: string;
  usable_from: string;
}

/** What its owner is shown: enough to recognise the account, not enough to use it (M10). */
export const bankAccountResource = (
  account: BankAccount,
  { holder, accountNumber }: BankDetails,
  coolOffMs: number,
): BankAccountResource => ({
  id: account.id,
  bank_code: account.bankCode,
  bank_name: account.bankName,
  account_holder: holder,
  account_number: masked(accountNumber),
  created_at: account.createdAt.toISOString(),
  usable_from: usableFrom(account, coolOffMs).toISOString(),
});

/** The last four digits, and of a short number never more than half. */
function masked(accountNumber: string): string {
  const shown = Math.min(4, Math.floor(accountNumber.length / 2));
  return '•'.repeat(accountNumber.length - shown) + accountNumber.slice(-shown);
}
