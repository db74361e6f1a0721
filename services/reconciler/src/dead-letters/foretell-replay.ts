import type { ServiceName } from '#libs/contracts';
import { type DeadLetter, eventOf, foretell } from './dead-letter.ts';
import type { DeadLetterDeps } from './deps.ts';

/** What replaying these would come to now, asked of the inboxes of their consumers; nothing is changed. */
export async function foretellReplay(deps: DeadLetterDeps, letters: readonly DeadLetter[]) {
  const idsBy = new Map<ServiceName, string[]>();
  for (const letter of letters) {
    const event = eventOf(letter);
    if (event !== null) idsBy.set(letter.consumer, [...(idsBy.get(letter.consumer) ?? []), event.id]);
  }
  const asked = [...idsBy].map(async ([consumer, ids]) => [consumer, await deps.handledBy(consumer, ids)] as const);
  const handledBy = new Map(await Promise.all(asked));
  return letters.map((letter) => ({ letter, ...foretell(letter, handledBy.get(letter.consumer) ?? null) }));
}
