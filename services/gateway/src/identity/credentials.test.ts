import { expect, test } from 'vitest';
import { credentials, registration } from './credentials.ts';

const codesOf = (password: string): unknown[] => {
  const read = registration.safeParse({ email: 'someone@example.test', password });
  return (read.error?.issues ?? []).map((issue) => (issue.code === 'custom' ? issue.params?.['code'] : issue.code));
};

test.each([
  ['Abcdefg1', []],
  ['Ünïcödé9', []],
  ['Abcdef1', ['password_too_short']],
  ['abcdefg1', ['password_without_upper_case']],
  ['ABCDEFG1', ['password_without_lower_case']],
  ['Abcdefgh', ['password_without_digit']],
  ['', ['password_too_short', 'password_without_upper_case', 'password_without_lower_case', 'password_without_digit']],
  ['A1b'.repeat(43), ['too_big']],
])('A1: the password "%s" lacks %j', (password, lacking) => {
  expect(codesOf(password)).toEqual(lacking);
});

test('A1: emoji are characters, not their halves', () => {
  expect(codesOf('Aa1🐖🐖')).toEqual(['password_too_short']);
});

test('A1: one password typed on two keyboards is one password', () => {
  const [composed, decomposed] = ['Zo\u00eb12345', 'Zoe\u030812345'].map(
    (password) => credentials.parse({ email: 'someone@example.test', password }).password,
  );
  expect(composed).toBe(decomposed);
});

test.each([
  ['Someone@Example.TEST', 'someone@example.test'],
  ['  someone@example.test ', 'someone@example.test'],
])('A1: the e-mail %j is %s', (raw, email) => {
  expect(credentials.parse({ email: raw, password: 'x' }).email).toBe(email);
});

test.each([
  ['no e-mail', { email: 'someone', password: 'Abcdefg1' }],
  ['one that is too long', { email: `${'a'.repeat(250)}@example.test`, password: 'Abcdefg1' }],
  ['a name behind it', { email: 'someone@example.test\n<x@y.z>', password: 'Abcdefg1' }],
  ['a role of one’s own choosing', { email: 'someone@example.test', password: 'Abcdefg1', role: 'admin' }],
  ['a list', [{ email: 'someone@example.test', password: 'Abcdefg1' }]],
])('A6: %s is refused', (_case, body) => {
  expect(registration.safeParse(body).success).toBe(false);
});
