import { problem } from '../problems.ts';
import type { BankAccount } from './bank-account-store.ts';

/** From when on a withdrawal may name the account (M10): not at once, so that an owner who did not add it has time to notice. */
export const usableFrom = ({ createdAt }: BankAccount, coolOffMs: number): Date =>
  new Date(createdAt.getTime() + coolOffMs);

/** Throws `bank_account_not_found` and `bank_account_cooling_off` where a new withdrawal may not name it. */
export function requireUsable(
  account: BankAccount | undefined,
  { now, coolOffMs }: { now: Date; coolOffMs: number },
): void {
  if (account === undefined || account.removedAt !== null) {
    throw problem('bank_account_not_found', {
      errors: [{ pointer: '/bank_account_id', code: 'not_found', detail: 'None of your bank accounts has this id' }],
    });
  }
  const from = usableFrom(account, coolOffMs);
  if (now >= from) return;
  const usable_from = from.toISOString();
  throw problem('bank_account_cooling_off', {
    detail: `The bank account can be used from ${usable_from} on`,
    errors: [{ pointer: '/bank_account_id', code: 'cooling_off', detail: `Can be used from ${usable_from} on` }],
    members: { usable_from },
  });
}
