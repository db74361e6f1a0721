import { type KeyObject, verify } from 'node:crypto';

/**
 * Whose signature a key makes (REVIO.md §5). `webhook`: a registered webhook's own. `company`: Revio's for this account, which signs
 * the callbacks of purchases and nothing else. `relay`: of a relay of ours that stands between.
 */
export const keyPurposes = ['webhook', 'company', 'relay'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

/** RSA keys (see publicKeysFrom), several of a purpose while it rotates. Each costs a forger's request 28 µs (2048 bits). */
export type KeyLists = Readonly<Record<KeyPurpose, readonly KeyObject[]>>;

/** Base64 of the longest signature, that of a 4096-bit key; whatever is longer is not even decoded. */
const signatureCharsMax = 684;

/**
 * The bytes of one signature header, or undefined. Exactly one header and exact base64: Buffer.from skips what it does not know, so
 * that many texts would be one signature, and a log of them would prove nothing.
 */
export function readSignature(headers: readonly string[], prefix = ''): Buffer | undefined {
  const [header, ...more] = headers;
  if (header === undefined || more.length > 0 || !header.startsWith(prefix)) return undefined;
  const text = header.slice(prefix.length);
  if (text.length > signatureCharsMax) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}

/** Which of `purposes` has a key that made this RSASSA-PKCS1-v1_5 signature with SHA-256 over exactly these bytes. */
export const signerOf = (
  keys: KeyLists,
  purposes: readonly KeyPurpose[],
  bytes: Uint8Array,
  signature: Uint8Array,
): KeyPurpose | undefined =>
  purposes.find((purpose) => keys[purpose].some((key) => verify('RSA-SHA256', bytes, key, signature)));
