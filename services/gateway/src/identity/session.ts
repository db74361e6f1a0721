import { createHash, createHmac, randomBytes } from 'node:crypto';

/** A device that logged in, and the family of refresh tokens that it got since. */
export interface Session {
  id: string;
  userId: string;
  createdAt: Date;
  lastUsedAt: Date;
  /** Of its newest refresh token. */
  expiresAt: Date;
  address: string | null;
  userAgent: string | null;
  successorKey: Buffer;
  revokedAt: Date | null;
}

export type RevokedBecause = 'logged_out' | 'revoked' | 'reused' | 'password_changed';

export interface RefreshToken {
  hash: Buffer;
  sessionId: string;
  issuedAt: Date;
  expiresAt: Date;
  usedAt: Date | null;
}

/** However often it is refreshed, a session ends: whoever has stolen one must not keep it for good. */
const sessionMsMax = 90 * 86_400_000;

export const newRefreshToken = (): string => randomBytes(32).toString('base64url');

/** 256 random bits need no salt and no slow hash: there is nothing to guess. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * The token that follows `token`. It is computed, not drawn, so that the same answer can be given again when the first one was lost,
 * by any replica, while no token is ever stored: it takes the old token, which only the client has, and the session's key, which only
 * the database has.
 */
export const successorOf = (session: Pick<Session, 'successorKey'>, token: string): string =>
  createHmac('sha256', session.successorKey).update(token).digest('base64url');

/** `ttlMs` from now, but never beyond the session's own end. */
export const expiryOf = (session: Pick<Session, 'createdAt'>, now: Date, ttlMs: number): Date =>
  new Date(Math.min(now.getTime() + ttlMs, session.createdAt.getTime() + sessionMsMax));
