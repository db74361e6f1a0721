import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DeadMessage } from '#libs/messaging';
import { type DeadLetter, deliveryIdOf, reasonWord } from './dead-letter.ts';
import type { DeadLetterTx } from './dead-letter-store.ts';
import type { DeadLetterDeps } from './deps.ts';

/** Ours has ten. Junk may have any, and what is kept of it is for a human to read. */
const headersCharsMax = 16_384;
const attemptsMax = 100;

/**
 * Keeps a message that some service could not process, in one transaction and before it leaves its dead letter queue. The same death
 * again changes nothing; another death of the same message opens it again, whatever was done about it.
 */
export async function collectDeadMessage(deps: DeadLetterDeps, dead: DeadMessage): Promise<void> {
  const letter = letterOf(deps, dead);
  const isNew = await deps.transact(
    async (tx) => {
      const id = await tx.lockBuried(letter);
      const { reason, attempts, diedAt, headers } = letter;
      const death = { id: storable(dead.deathId), deadLetterId: id, reason, attempts, diedAt };
      if (!(await tx.insertDeath(death))) return false;
      await tx.reopen(id, { reason, attempts, diedAt, headers });
      await tellDelivery(tx, letter);
      return true;
    },
    { onUnknownCommit: 'rerun' },
  );
  if (!isNew) return;
  deps.counted('collected', letter.consumer);
  deps.wakeRelay();
}

/** The log of deliveries shows what has become of one (W5): its processing is over until a human goes on. */
async function tellDelivery(tx: DeadLetterTx, letter: DeadLetter): Promise<void> {
  const deliveryId = deliveryIdOf(letter);
  if (deliveryId === null) return;
  await tx.enqueue('reconciler.observation-failed.v1', {
    delivery_id: deliveryId,
    outcome: 'dead_lettered',
    attempt: Math.min(letter.attempts, attemptsMax),
    reason: reasonWord(letter.reason),
  });
}

const word = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);
/** As much of an envelope as a human looks for; the rest of it may be anything. */
const told = z.object({ type: word.nullish().catch(null), correlationid: word.nullish().catch(null) });

function letterOf({ newUuid, clock }: DeadLetterDeps, dead: DeadMessage): DeadLetter {
  const named = told.safeParse(parsed(dead.content)).data;
  const diedAt = dead.diedAt ?? clock.now();
  return {
    id: newUuid(),
    consumer: dead.consumer,
    messageId: storable(dead.messageId),
    digest: createHash('sha256').update(dead.content).digest('hex'),
    type: named?.type ?? (dead.type === null ? null : storable(dead.type)),
    correlationId: named?.correlationid ?? null,
    traceparent: dead.traceparent === null ? null : storable(dead.traceparent),
    contentType: dead.contentType === null ? null : storable(dead.contentType),
    content: dead.content,
    headers: storableHeaders(dead.headers),
    state: 'open',
    reason: storable(dead.reason),
    attempts: dead.attempts,
    deaths: 0,
    replays: 0,
    firstDiedAt: diedAt,
    diedAt,
    note: null,
  };
}

function parsed(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** PostgreSQL stores no U+0000 in a text. A message that cannot be stored would come again for ever. */
const storable = (text: string): string => text.replaceAll('\u0000', '\uFFFD');

function storableHeaders(headers: Record<string, unknown>): unknown {
  const text = JSON.stringify(headers, (_, value: unknown) => {
    if (typeof value === 'string') return storable(value);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [storable(key), each]));
  });
  if (text.length <= headersCharsMax) return JSON.parse(text);
  // Through bytes, because a cut may go through a character, and half of one is no text either.
  return { cut: Buffer.from(text.slice(0, headersCharsMax)).toString('utf8') };
}
