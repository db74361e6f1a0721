import type { MemoryDatabase } from '#libs/db';
import type { User } from './user.ts';
import type { GatewayTx } from './user-store.ts';

export function memoryGatewayTx(memory: MemoryDatabase): GatewayTx {
  const users = memory.table<User>({
    key: ({ id }) => id,
    keyConstraint: 'users_pkey',
    unique: { users_email_key: ({ email }) => email },
  });
  const byEmail = (email: string) => users.filter((user) => user.email === email)[0];
  return {
    insertUser: async (user) => {
      if (byEmail(user.email) !== undefined) return false;
      users.insert(user);
      return true;
    },
    userByEmail: async (email) => byEmail(email),
    userById: async (id) => users.get(id),
  };
}
