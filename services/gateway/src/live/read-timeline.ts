import { signInternalToken, type UserActor } from '#libs/auth';
import { type TimelineAnswer, timelineAnswer } from '#libs/contracts';
import type { Upstream } from '../upstream.ts';

/** A look-up by key: what takes longer is worth no one's waiting, and the next look is soon. */
const readTimeoutMs = 5_000;
const tokenTtlS = 30;

/**
 * What happened to a transaction of the user after an entry of its timeline, as payments has it. Undefined if it is none of theirs. Throws
 * `HttpUnavailable`, and an error for an answer that is none of those.
 */
export async function readTimeline(
  { client, internalKey }: Upstream,
  { user, transactionId, after }: { user: UserActor; transactionId: string; after: string },
): Promise<TimelineAnswer | undefined> {
  const token = signInternalToken(internalKey, { audience: 'payments', actor: user, ttlS: tokenTtlS });
  const { status, body } = await client.request({
    method: 'GET',
    path: `/transactions/${transactionId}/timeline?after=${after}`,
    headers: { authorization: `Bearer ${token}` },
    idempotent: true,
    timeoutMs: readTimeoutMs,
  });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`the timeline was answered by ${status}`);
  return timelineAnswer.parse(JSON.parse(body));
}
