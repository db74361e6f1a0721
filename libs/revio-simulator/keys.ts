import { createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyPems } from './state.ts';

/** The smaller of the two sizes seen (REVIO.md §5); signing costs 0.7 ms with it and about twice that with 3072. */
const MODULUS_BITS = 2048;

/** Parsing a PEM costs more than a signature, so every key is parsed once. Bounded by the keys that exist, rotated ones included. */
const parsedKeys = new Map<string, KeyObject>();

export async function newKey(): Promise<KeyPems> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}

/** `X-Signature`: base64 of RSASSA-PKCS1-v1_5 with SHA-256 over exactly these bytes (REVIO.md §1.3). */
export function signatureOf(text: string, key: KeyPems): string {
  const parsed = parsedKeys.get(key.privateKeyPem) ?? createPrivateKey(key.privateKeyPem);
  parsedKeys.set(key.privateKeyPem, parsed);
  return sign('sha256', Buffer.from(text), parsed).toString('base64');
}

/** As the webhook object carries it (sample 13): one line, with a backslash and an n where the PEM has line ends. */
export function escapedPem(pem: string): string {
  return pem.trimEnd().replaceAll('\n', '\\n');
}
