import { type KeyObject, verify } from 'node:crypto';

/** Base64 of the longest signature, that of a 4096-bit key; whatever is longer is not even decoded. */
const signatureCharsMax = 684;

/**
 * The plain scheme (REVIO.md §1.3, §5): exactly one `X-Signature`, base64 of RSASSA-PKCS1-v1_5 with SHA-256 over the body's bytes as
 * they came, by any of `keys`. The bytes, because the same JSON written by another hand has another signature. Exact base64, because
 * Buffer.from skips what it does not know: many texts would be one signature, and a log of them would prove nothing.
 * `keys` are RSA (see publicKeysFrom) and made once; each costs a forger's request 28 µs (2048 bits).
 */
export function verifyPlain(keys: readonly KeyObject[], raw: Uint8Array, signatures: readonly string[]): boolean {
  const [signature, ...more] = signatures;
  if (signature === undefined || more.length > 0 || signature.length > signatureCharsMax) return false;
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== signature) return false;
  return keys.some((key) => verify('RSA-SHA256', raw, key, bytes));
}
