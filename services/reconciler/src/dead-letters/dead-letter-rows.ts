import type { DeadLetterState } from './dead-letter.ts';

export const deadLetterColumns = `id, consumer, message_id AS "messageId", digest, type, correlation_id AS "correlationId",
  traceparent, content_type AS "contentType", content, headers, state, reason, attempts, deaths, replays,
  first_died_at AS "firstDiedAt", died_at AS "diedAt", note`;

/** All that are given must hold. */
export interface DeadLetterFilter {
  queue?: string | undefined;
  state?: DeadLetterState | undefined;
  type?: string | undefined;
  reason?: string | undefined;
  correlationId?: string | undefined;
}

/** Only what is asked for stands in the text: a condition that may be absent would hide every index. */
export function conditionsOf(filter: DeadLetterFilter): { conditions: string[]; values: unknown[] } {
  const values: unknown[] = [];
  const named = { consumer: filter.queue, correlation_id: filter.correlationId };
  const conditions = Object.entries({
    ...named,
    state: filter.state,
    type: filter.type,
    reason: filter.reason,
  }).flatMap(([column, value]) => (value === undefined ? [] : [`${column} = $${values.push(value)}`]));
  return { conditions, values };
}

export const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
