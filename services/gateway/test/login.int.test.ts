import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { over } from '#libs/db';
import { systemClock } from '#libs/runtime';
import { postgresGatewayTx } from '../src/gateway-store.ts';
import { login } from '../src/identity/login.ts';
import { argon2Passwords, type Passwords } from '../src/identity/passwords.ts';
import { register } from '../src/identity/register.ts';
import { openDatabase } from './database.ts';

const argon2 = await argon2Passwords();
const nowhere = { address: null, requestId: null, userAgent: null };
let database: Awaited<ReturnType<typeof openDatabase>>;

beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database?.close());

/** The real ones, and what they were asked to do. */
function counted(): Passwords & { compared: string[] } {
  const compared: string[] = [];
  return {
    ...argon2,
    compared,
    verify: (passwordHash, password) => {
      compared.push(passwordHash);
      return argon2.verify(passwordHash, password);
    },
  };
}

async function registered() {
  const passwords = counted();
  const deps = {
    transact: over(database.db, postgresGatewayTx),
    passwords,
    clock: systemClock,
    newUuid: randomUUID,
    refreshTtlMs: 1000,
  };
  const email = `${randomUUID()}@example.test`;
  const someone = await register(deps, { email, password: 'Abcdefg1' }, nowhere);
  return { deps, email, passwords, someone };
}

test('A1: the password lets in, another one does not', async () => {
  const { deps, email, someone } = await registered();
  expect(await login(deps, { email, password: 'Abcdefg1' }, nowhere)).toMatchObject(someone);
  const refused = { ok: false, refusal: 'invalid_credentials' };
  expect(await login(deps, { email, password: 'Abcdefg2' }, nowhere)).toEqual(refused);
});

test('A1: an unknown e-mail is refused like a wrong password, after the same work', async () => {
  const { deps, email, passwords } = await registered();
  const wrong = await login(deps, { email, password: 'Abcdefg2' }, nowhere);
  const unknown = await login(deps, { email: `${randomUUID()}@example.test`, password: 'Abcdefg2' }, nowhere);
  expect(unknown).toEqual(wrong);
  expect(passwords.compared).toHaveLength(2);
  const costs = passwords.compared.map((passwordHash) => passwordHash.split('$').slice(1, 4));
  expect(costs[1]).toEqual(costs[0]);
});

test('A1: passwords are kept as Argon2id of 19 MiB and two passes, each with a salt of its own', async () => {
  const [one, two] = await Promise.all([argon2.hash('Abcdefg1'), argon2.hash('Abcdefg1')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
});
