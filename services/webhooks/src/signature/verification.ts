import type { KeyPurpose } from './signer.ts';

export const schemes = ['plain', 'timestamped'] as const;
export type Scheme = (typeof schemes)[number];

/** Why nobody vouches for a delivery. For the log: whoever sent it is told nothing but 401. */
type Distrust =
  | 'scheme_not_accepted'
  | 'malformed_signature'
  | 'stale_timestamp'
  | 'timestamp_from_the_future'
  | 'unknown_signer';

export type Verification =
  | { ok: true; scheme: Scheme; signedBy: KeyPurpose; eventId: string | null; sentAt: Date | null }
  | { ok: false; reason: Distrust };
