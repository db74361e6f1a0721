import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { constraintOf, type Database, over, schemaDrift, type Transact } from '#libs/db';
import { type GatewayTx, postgresGatewayTx } from '../src/gateway-store.ts';
import type { User } from '../src/identity/user.ts';
import { openDatabase } from './database.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
let db: Database;
let transact: Transact<GatewayTx>;

beforeAll(async () => {
  database = await openDatabase();
  db = database.db;
  transact = over(db, postgresGatewayTx);
});
afterAll(() => database?.close());

const user = (change: Partial<User> = {}): User => {
  const id = randomUUID();
  return {
    id,
    email: `${id}@example.test`,
    passwordHash: '$argon2id$x',
    role: 'user',
    createdAt: new Date('2026-01-01T08:00:00.000Z'),
    ...change,
  };
};

test('A1: a user is found by e-mail and by id, as it was written', async () => {
  const someone = user({ role: 'support' });
  expect(await transact((tx) => tx.insertUser(someone))).toBe(true);
  expect(await transact((tx) => tx.userByEmail(someone.email))).toEqual(someone);
  expect(await transact((tx) => tx.userById(someone.id))).toEqual(someone);
});

test('A1: nobody is found as nobody', async () => {
  expect(await transact((tx) => tx.userByEmail('nobody@example.test'))).toBeUndefined();
  expect(await transact((tx) => tx.userById(randomUUID()))).toBeUndefined();
});

test('A1: an e-mail has one user: the second is refused and changes nothing', async () => {
  const first = user();
  await transact((tx) => tx.insertUser(first));
  expect(await transact((tx) => tx.insertUser(user({ email: first.email })))).toBe(false);
  expect(await transact((tx) => tx.userByEmail(first.email))).toEqual(first);
});

test('A1: of ten registrations of one e-mail at once, one is the first', async () => {
  const { email } = user();
  const firsts = await Promise.all(Array.from({ length: 10 }, () => transact((tx) => tx.insertUser(user({ email })))));
  expect(firsts.filter(Boolean)).toHaveLength(1);
});

test('A1: the database itself refuses a second spelling of an e-mail, and a role that is none', async () => {
  const violated = (bad: Partial<User>) => transact((tx) => tx.insertUser(user(bad))).catch(constraintOf);
  expect(await violated({ email: 'Someone@Example.test' })).toBe('users_email_normalised');
  expect(await violated({ role: 'root' as User['role'] })).toBe('users_role_known');
});

test('A9: the service may neither change a user nor delete one', async () => {
  await expect(db.read.run(`UPDATE users SET role = 'admin'`)).rejects.toThrow(/permission denied/);
  await expect(db.read.run('DELETE FROM users')).rejects.toThrow(/permission denied/);
});

test('A9: entities and migrations agree', async () => {
  expect(await schemaDrift(db)).toEqual([]);
});
