import type { Request } from 'express';
import { problem } from '../problems.ts';

/** The request's `Idempotency-Key`. Throws 400 when it is missing, repeated or not 1 to 255 visible ASCII characters. */
export function readIdempotencyKey(request: Request): string {
  const key = request.get('idempotency-key');
  if (key === undefined || key === '') throw problem('idempotency_key_missing');
  // Node joins a repeated header with ", ": the space is no visible character, so two keys are refused here too.
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw problem('idempotency_key_invalid');
  return key;
}
