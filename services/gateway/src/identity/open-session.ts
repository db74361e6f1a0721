import { randomBytes } from 'node:crypto';
import type { Clock } from '#libs/runtime';
import type { Caller } from './caller.ts';
import { expiryOf, hashOf, newRefreshToken, type Session } from './session.ts';
import type { SessionTx } from './session-store.ts';

/** What a client is given to go on with. */
export interface Opened {
  sessionId: string;
  refreshToken: string;
  refreshExpiresAt: Date;
}

export interface SessionDeps {
  clock: Clock;
  newUuid: () => string;
  /** REQUIREMENTS A1: 7 days. */
  refreshTtlMs: number;
}

/** A new session and its first refresh token, in the login's own transaction. */
export async function openSession(
  tx: SessionTx,
  { clock, newUuid, refreshTtlMs }: SessionDeps,
  userId: string,
  { address, userAgent }: Caller,
): Promise<Opened> {
  const now = clock.now();
  const refreshToken = newRefreshToken();
  const expiresAt = expiryOf({ createdAt: now }, now, refreshTtlMs);
  const session: Session = {
    id: newUuid(),
    userId,
    createdAt: now,
    lastUsedAt: now,
    expiresAt,
    address,
    userAgent,
    successorKey: randomBytes(32),
    revokedAt: null,
  };
  await tx.insertSession(session);
  await tx.insertRefreshToken({
    hash: hashOf(refreshToken),
    sessionId: session.id,
    issuedAt: now,
    expiresAt,
    usedAt: null,
  });
  return { sessionId: session.id, refreshToken, refreshExpiresAt: expiresAt };
}
