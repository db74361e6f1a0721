import { z } from 'zod';
import { open, type SealingKeys, seal } from '#libs/sealed';

/** Where a sealed value belongs: its row and its owner. Moved to another one, it does not open (A8). */
interface Owned {
  id: string;
  userId: string;
}

export const emailPlace = ({ id, userId }: Owned) => `transactions:${id}:${userId}:email`;
export const detailsPlace = ({ id, userId }: Owned) => `bank_accounts:${id}:${userId}:details`;

export const sealEmail = (keys: SealingKeys, row: Owned, email: string): string => seal(keys, email, emailPlace(row));

/** The e-mail that Revio is given. Throws where there is none: a reversal never asks Revio. */
export function openEmail(keys: SealingKeys, row: Owned & { emailSealed: string | null }): string {
  if (row.emailSealed === null) throw new Error('the transaction holds no e-mail');
  return open(keys, row.emailSealed, emailPlace(row));
}

const details = z.strictObject({ account_number: z.string(), account_holder: z.string() });

export interface BankDetails {
  accountNumber: string;
  holder: string;
}

export const sealDetails = (keys: SealingKeys, row: Owned, { accountNumber, holder }: BankDetails): string =>
  seal(keys, JSON.stringify({ account_number: accountNumber, account_holder: holder }), detailsPlace(row));

/** Throws `SealBroken` when the key is gone or the value stands in another row than it was sealed for. */
export function openDetails(keys: SealingKeys, row: Owned & { detailsSealed: string }): BankDetails {
  const opened = details.parse(JSON.parse(open(keys, row.detailsSealed, detailsPlace(row))));
  return { accountNumber: opened.account_number, holder: opened.account_holder };
}
