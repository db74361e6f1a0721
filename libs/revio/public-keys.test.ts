import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { publicKeysFrom } from './index.ts';

const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).publicKey;
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

const key = rsa(2048);
const other = rsa(3072);
const pem = pemOf(key);

test.each([
  ['as it is', pem],
  ['as a JSON string (GET /public_key/)', JSON.stringify(pem)],
  ['with literal \\n (sample 13)', pem.replaceAll('\n', '\\n')],
  ['with CRLF', pem.replaceAll('\n', '\r\n')],
  ['on one line, with spaces', pem.replaceAll('\n', ' ')],
  ['as PKCS #1', key.export({ type: 'pkcs1', format: 'pem' }).toString()],
])('W1: a public key is read %s', (_form, text) => {
  expect(publicKeysFrom(text).map(pemOf)).toEqual([pem]);
});

test.each([
  ['one behind the other', pem + pemOf(other)],
  ['with a comma between', `${pem},${pemOf(other)}`],
  ['as a JSON array', JSON.stringify([pem, pemOf(other)])],
])('W1 F9: two keys at once are read %s', (_form, text) => {
  expect(publicKeysFrom(text).map(pemOf)).toEqual([pem, pemOf(other)]);
});

test.each([
  ['nothing', ''],
  ['text', 'a key'],
  ['a key and something else', `${pem} and more`],
  ['a broken key', pem.replace(/MII/, 'AAA')],
  ['RSA of 1024 bits', pemOf(rsa(1024))],
  ['an elliptic curve', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
  [
    'RSA-PSS, which would verify another scheme',
    pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
  ],
  [
    'a private key',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ],
  ['thirteen keys', pem.repeat(13)],
])('W1: %s is refused', (_case, text) => {
  expect(() => publicKeysFrom(text)).toThrow();
});
