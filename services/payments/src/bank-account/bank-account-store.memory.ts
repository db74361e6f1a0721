import type { MemoryDatabase } from '#libs/db';
import type { BankAccount, BankAccountTx } from './bank-account-store.ts';

export function memoryBankAccounts(memory: MemoryDatabase): BankAccountTx {
  const accounts = memory.table<BankAccount>({ key: (row) => row.id, keyConstraint: 'bank_accounts_pkey' });
  return {
    lockBankAccounts: async () => undefined, // transactions in memory run one at a time
    insertBankAccount: async (account) => accounts.insert(account),
    findBankAccount: async (userId, id) => {
      const account = accounts.get(id);
      return account?.userId === userId ? account : undefined;
    },
    removeBankAccount: async (userId, id, at) => {
      const account = accounts.get(id);
      if (account?.userId === userId && account.removedAt === null) accounts.update(id, { removedAt: at });
    },
    listBankAccounts: async (userId, limit) =>
      accounts
        .filter((account) => account.userId === userId && account.removedAt === null)
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
  };
}
