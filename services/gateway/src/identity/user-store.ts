import type { Sql } from '#libs/db';
import type { User } from './user.ts';

/** The part of a transaction that knows users. */
export interface UserTx {
  /** False if the e-mail is taken. */
  insertUser(user: User): Promise<boolean>;
  userByEmail(email: string): Promise<User | undefined>;
  userById(id: string): Promise<User | undefined>;
  changePassword(id: string, passwordHash: string): Promise<void>;
}

interface UserRow {
  id: string;
  email: string;
  password_hash: string;
  role: User['role'];
  created_at: Date;
}

const columns = 'id, email, password_hash, role, created_at';

export function postgresUsers(sql: Sql): UserTx {
  const userWhere = async (condition: string, value: string): Promise<User | undefined> => {
    const [row] = await sql.rows<UserRow>(`SELECT ${columns} FROM users WHERE ${condition}`, [value]);
    return row && userOf(row);
  };
  return {
    // Insert first: of two registrations at once, a look beforehand would let both believe that they were the first.
    insertUser: async ({ id, email, passwordHash, role, createdAt }) => {
      const inserted = await sql.run(
        `INSERT INTO users (${columns}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING`,
        [id, email, passwordHash, role, createdAt],
      );
      return inserted === 1;
    },
    userByEmail: (email) => userWhere('email = $1', email),
    userById: (id) => userWhere('id = $1', id),
    changePassword: async (id, passwordHash) => {
      await sql.run('UPDATE users SET password_hash = $2 WHERE id = $1', [id, passwordHash]);
    },
  };
}

const userOf = (row: UserRow): User => ({
  id: row.id,
  email: row.email,
  passwordHash: row.password_hash,
  role: row.role,
  createdAt: row.created_at,
});
