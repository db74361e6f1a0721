import type { HoldDecision, HoldRequest } from '#libs/contracts';

/** What this service asks of the wallet while a request waits. Repeats are answered with the first decision (ADR 7). */
export interface Wallet {
  placeHold(request: HoldRequest): Promise<HoldAnswer>;
}

/**
 * `unavailable`: nobody can say whether there was a decision; asking again is how to find out. `impossible`: the wallet cannot decide
 * this request, now or ever, as when it has decided the same transaction id for another amount.
 */
export type HoldAnswer =
  | { kind: 'decided'; decision: HoldDecision }
  | { kind: 'unavailable'; cause: string }
  | { kind: 'impossible'; cause: string };
