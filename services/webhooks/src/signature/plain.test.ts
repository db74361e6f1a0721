import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyPlain } from './plain.ts';

const [old, current, company, relay, foreign] = [2048, 3072, 2048, 2048, 2048].map((modulusLength) =>
  generateKeyPairSync('rsa', { modulusLength }),
);
if (!old || !current || !company || !relay || !foreign) throw new Error('five keys were made');
const keys = { webhook: [current.publicKey, old.publicKey], company: [company.publicKey], relay: [relay.publicKey] };
const raw = Buffer.from('{"amount": 15000}\n');
const signed = (privateKey: KeyObject, bytes = raw) => sign('RSA-SHA256', bytes, privateKey).toString('base64');
const genuine = signed(current.privateKey);

const by = (signedBy: string) => ({ ok: true, scheme: 'plain', signedBy, eventId: null, sentAt: null });

test('W1 F9: any key of the list may have signed, and whose it is is told', () => {
  expect(verifyPlain(keys, raw, [genuine])).toEqual(by('webhook'));
  expect(verifyPlain(keys, raw, [signed(old.privateKey)])).toEqual(by('webhook'));
  expect(verifyPlain(keys, raw, [signed(company.privateKey)])).toEqual(by('company'));
});

test('W1: the bytes are signed, not what they mean: another space, another signature', () => {
  expect(verifyPlain(keys, Buffer.from('{"amount":15000}\n'), [genuine]).ok).toBe(false);
});

test.each([
  ['no signature', []],
  ['an empty one', ['']],
  ['two, both genuine', [genuine, genuine]],
  ['two in one header', [`${genuine}, ${genuine}`]],
  ['a key that is not ours', [signed(foreign.privateKey)]],
  ['the relay’s key, which is for the other scheme', [signed(relay.privateKey)]],
  ['a signature of other bytes', [signed(current.privateKey, Buffer.from('{}'))]],
  ['text', ['not base64!']],
  ['base64 with a character that decoders skip', [`${genuine.slice(0, 10)}\t${genuine.slice(10)}`]],
  ['base64url', [genuine.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')]],
  ['base64 without its padding', [signed(old.privateKey).replaceAll('=', '')]],
  ['a prefix of another scheme', [`sha256=${genuine}`]],
  ['hex', [Buffer.from(genuine, 'base64').toString('hex')]],
  ['a megabyte', ['A'.repeat(1_000_000)]],
  ['SHA-1', [sign('RSA-SHA1', raw, current.privateKey).toString('base64')]],
  [
    'RSA-PSS',
    [sign('RSA-SHA256', raw, { key: current.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }).toString('base64')],
  ],
  ['a signature of nothing', [Buffer.alloc(384).toString('base64')]],
])('W1 F8: %s is not a signature', (_case, signatures) => {
  expect(verifyPlain(keys, raw, signatures).ok).toBe(false);
});

test('W1: without keys nothing is genuine', () => {
  expect(verifyPlain({ webhook: [], company: [], relay: [] }, raw, [genuine]).ok).toBe(false);
});
