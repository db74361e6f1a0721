import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyInternalToken } from './internal-token.ts';
import { internalTokenFor } from './internal-token-for.ts';

const key = randomBytes(32);
const actor = { kind: 'user', userId: randomUUID(), role: 'user', email: 'someone@example.test' } as const;

test('A4: a user’s calls of half a minute carry one token, which outlives the last of them', () => {
  const first = internalTokenFor(key, { audience: 'wallet', actor }, 0);
  expect(internalTokenFor(key, { audience: 'wallet', actor }, 29_999)).toBe(first);
  expect(verifyInternalToken(first, { audience: 'wallet', keys: [key] })).toEqual(actor);
  const { iat, exp } = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString());
  expect(exp - iat).toBe(60);
});

test('A4: another service, user, role, address or key is another token', () => {
  const tokens = [
    internalTokenFor(key, { audience: 'wallet', actor }, 0),
    internalTokenFor(key, { audience: 'payments', actor }, 0),
    internalTokenFor(key, { audience: 'wallet', actor: { ...actor, userId: randomUUID() } }, 0),
    internalTokenFor(key, { audience: 'wallet', actor: { ...actor, role: 'admin' } }, 0),
    internalTokenFor(key, { audience: 'wallet', actor: { ...actor, email: 'else@example.test' } }, 0),
    internalTokenFor(randomBytes(32), { audience: 'wallet', actor }, 0),
  ];
  expect(new Set(tokens).size).toBe(tokens.length);
});
