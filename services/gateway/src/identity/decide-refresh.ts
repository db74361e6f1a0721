import type { RefreshToken, Session } from './session.ts';

/** How long the answer to a refresh may be lost on its way: then the same token gets the same successor. */
const lostAnswerMs = 10_000;

/**
 * What a refresh token that was handed in means. `rotate`: its first use. `repeat`: its answer was lost, and nobody has used the
 * successor yet. `reuse`: two parties have it, and one of them stole it. `refuse`: it is over.
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'reuse' | 'refuse';

export function decideRefresh(
  now: Date,
  session: Pick<Session, 'revokedAt'>,
  token: Pick<RefreshToken, 'usedAt' | 'expiresAt'>,
  successor: Pick<RefreshToken, 'usedAt'> | undefined,
): RefreshDecision {
  if (session.revokedAt !== null) return 'refuse';
  if (token.usedAt === null) return token.expiresAt > now ? 'rotate' : 'refuse';
  const answerMayBeLost = now.getTime() - token.usedAt.getTime() < lostAnswerMs;
  return answerMayBeLost && successor?.usedAt === null ? 'repeat' : 'reuse';
}
