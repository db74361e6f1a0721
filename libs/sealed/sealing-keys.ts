import { createSecretKey, type KeyObject } from 'node:crypto';

/** AES-256. */
const keyBytes = 32;
const kidForm = /^[A-Za-z0-9_-]{1,32}$/;

export interface SealingKeys {
  /** The key id that new values are sealed with. */
  current: string;
  /** Every key that may still open old ones. */
  byKid: ReadonlyMap<string, KeyObject>;
}

/**
 * Reads `kid:base64,kid:base64`: the first is current, the rest are kept for what they sealed. Rotation: put a new one first, seal
 * the old rows again, drop the old one. Throws an error that says which entry is wrong, never what it holds.
 */
export function parseSealingKeys(text: string): SealingKeys {
  const byKid = new Map<string, KeyObject>();
  for (const [index, entry] of text.split(',').entries()) {
    const [kid = '', base64 = ''] = entry.trim().split(':');
    const key = Buffer.from(base64, 'base64');
    if (!kidForm.test(kid) || key.length !== keyBytes) {
      throw new Error(`sealing key ${index + 1} must be kid:base64 of ${keyBytes} bytes`);
    }
    if (byKid.has(kid)) throw new Error(`sealing key ${index + 1} repeats a key id`);
    byKid.set(kid, createSecretKey(key));
  }
  const [current = ''] = byKid.keys();
  return { current, byKid };
}
