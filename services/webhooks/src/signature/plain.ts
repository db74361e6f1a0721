import { type KeyLists, readSignature, signerOf } from './signer.ts';
import type { Verification } from './verification.ts';

/**
 * The plain scheme (REVIO.md §1.3, §5): exactly one `X-Signature`, over the body's bytes as they came, by the registered webhook's key
 * or the company's. The bytes, because the same JSON written by another hand has another signature. Nothing says when it was sent.
 */
export function verifyPlain(keys: KeyLists, raw: Uint8Array, signatures: readonly string[]): Verification {
  const signature = readSignature(signatures);
  if (signature === undefined) return { ok: false, reason: 'malformed_signature' };
  const signedBy = signerOf(keys, ['webhook', 'company'], raw, signature);
  if (signedBy === undefined) return { ok: false, reason: 'unknown_signer' };
  return { ok: true, scheme: 'plain', signedBy, eventId: null, sentAt: null };
}
