import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SealingKeys } from './sealing-keys.ts';

const version = 'v1';
const cipher = 'aes-256-gcm';
/**
 * 96 random bits per value, the size GCM is made for. NIST SP 800-38D (8.3) allows 2^32 random ivs per key before a repeat, which
 * would give the key away, becomes likelier than 2^-32: rotate the key long before four billion values.
 */
const ivBytes = 12;
/** The whole tag: a shorter one can be guessed. */
const tagBytes = 16;

/** A sealed value that does not open: another key, another place, or changed bytes. Which of them is not told. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/**
 * Encrypts text as `v1.kid.iv.ciphertext.tag` (base64url parts). `aad` names the place it belongs to, such as
 * `bank_accounts:<id>:number`: moved to another row or column, it does not open.
 */
export function seal(keys: SealingKeys, plaintext: string, aad: string): string {
  const iv = randomBytes(ivBytes);
  const sealing = createCipheriv(cipher, keyOf(keys, keys.current), iv, { authTagLength: tagBytes });
  sealing.setAAD(bound(keys.current, aad));
  const parts = [iv, Buffer.concat([sealing.update(plaintext, 'utf8'), sealing.final()]), sealing.getAuthTag()];
  return [version, keys.current, ...parts.map((part) => part.toString('base64url'))].join('.');
}

/** The text that was sealed under the same `aad`. Throws SealBroken. */
export function open(keys: SealingKeys, sealed: string, aad: string): string {
  const [form, kid = '', iv = '', ciphertext = '', tag = '', ...more] = sealed.split('.');
  if (form !== version || more.length > 0) throw new SealBroken('not a sealed value');
  const opening = { iv: Buffer.from(iv, 'base64url'), tag: Buffer.from(tag, 'base64url') };
  if (opening.iv.length !== ivBytes || opening.tag.length !== tagBytes) throw new SealBroken('not a sealed value');
  const decipher = createDecipheriv(cipher, keyOf(keys, kid), opening.iv, { authTagLength: tagBytes });
  decipher.setAAD(bound(kid, aad));
  decipher.setAuthTag(opening.tag);
  try {
    return Buffer.concat([decipher.update(ciphertext, 'base64url'), decipher.final()]).toString('utf8');
  } catch {
    throw new SealBroken('the value does not open');
  }
}

/** Version and key id are authenticated too, so that no header can be swapped for another's. */
const bound = (kid: string, aad: string): Buffer => Buffer.from(`${version}.${kid}.${aad}`, 'utf8');

function keyOf(keys: SealingKeys, kid: string) {
  const key = keys.byKid.get(kid);
  if (key === undefined) throw new SealBroken('sealed with a key that is not known here');
  return key;
}
