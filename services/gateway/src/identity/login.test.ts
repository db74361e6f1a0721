import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMemoryDatabase } from '#libs/db';
import { login } from './login.ts';
import { argon2Passwords, type Passwords } from './passwords.ts';
import { register } from './register.ts';
import { memoryGatewayTx } from './user-store.memory.ts';

const argon2 = await argon2Passwords();
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
  const memory = createMemoryDatabase();
  const passwords = counted();
  const deps = {
    transact: memory.over(memoryGatewayTx(memory)),
    passwords,
    clock: { now: () => new Date(), monotonicMs: () => 0 },
    newUuid: randomUUID,
  };
  const someone = await register(deps, { email: 'someone@example.test', password: 'Abcdefg1' });
  return { deps, passwords, someone };
}

test('A1: the password lets in, another one does not', async () => {
  const { deps, someone } = await registered();
  expect(await login(deps, { email: 'someone@example.test', password: 'Abcdefg1' })).toEqual(someone);
  const refused = { ok: false, refusal: 'invalid_credentials' };
  expect(await login(deps, { email: 'someone@example.test', password: 'Abcdefg2' })).toEqual(refused);
});

test('A1: an unknown e-mail is refused like a wrong password, after the same work', async () => {
  const { deps, passwords } = await registered();
  const wrong = await login(deps, { email: 'someone@example.test', password: 'Abcdefg2' });
  const unknown = await login(deps, { email: 'nobody@example.test', password: 'Abcdefg2' });
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
