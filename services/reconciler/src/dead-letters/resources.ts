import type { DeadLetter, foretell } from './dead-letter.ts';
import type { DeadLetterGroup, Death } from './dead-letter-store.ts';
import type { ReplayProgress } from './replay-store.ts';

/** What support and admins are shown. Our messages carry ids, types and amounts only; junk may carry anything, and is cut. */

/** Ours have 1 KiB, the longest 10. */
const payloadBytesShown = 64 * 1024;

export const shownDeadLetter = (letter: DeadLetter) => ({
  id: letter.id,
  queue: letter.consumer,
  state: letter.state,
  message_id: letter.messageId,
  type: letter.type,
  correlation_id: letter.correlationId,
  reason: letter.reason,
  attempts: letter.attempts,
  deaths: letter.deaths,
  replays: letter.replays,
  first_died_at: letter.firstDiedAt.toISOString(),
  died_at: letter.diedAt.toISOString(),
  note: letter.note,
});

export const shownWholeLetter = (letter: DeadLetter, deaths: readonly Death[], replays: readonly ReplayProgress[]) => ({
  ...shownDeadLetter(letter),
  trace_id: letter.traceparent?.split('-')[1] ?? null,
  content_type: letter.contentType,
  headers: letter.headers,
  payload_bytes: letter.content.length,
  ...shownPayload(letter.content),
  history: deaths.map(({ diedAt, reason, attempts }) => ({ died_at: diedAt.toISOString(), reason, attempts })),
  replay_jobs: replays.map(shownReplay),
});

/** As JSON if it is some, else its first bytes as they are. */
function shownPayload(content: Buffer): { payload: unknown; payload_base64: string | null } {
  if (content.length <= payloadBytesShown) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
      return { payload: JSON.parse(text) as unknown, payload_base64: null };
    } catch {
      // No JSON: that may be why it died.
    }
  }
  return { payload: null, payload_base64: content.subarray(0, payloadBytesShown).toString('base64') };
}

export const shownGroup = ({ consumer, type, reason, count, firstDiedAt, lastDiedAt }: DeadLetterGroup) => ({
  queue: consumer,
  type,
  reason,
  count,
  first_died_at: firstDiedAt.toISOString(),
  last_died_at: lastDiedAt.toISOString(),
});

export const shownReplay = (job: ReplayProgress) => ({
  id: job.id,
  state: job.state,
  total: job.total,
  waiting: job.waiting,
  done: job.done,
  failed: job.failed,
  cancelled: job.cancelled,
  died_again: job.diedAgain,
  wanted: job.wanted,
  requested_by: job.requestedBy,
  requested_at: job.requestedAt.toISOString(),
  ended_at: job.endedAt?.toISOString() ?? null,
});

export const shownForetold = ({ letter, effect, detail }: { letter: DeadLetter } & ReturnType<typeof foretell>) => ({
  id: letter.id,
  queue: letter.consumer,
  message_id: letter.messageId,
  type: letter.type,
  effect,
  detail,
});
