import type { Chance } from './chance.ts';

/** What must have happened in a run for it to prove anything (issue 6), and what else it is good to know of. */
export const requiredHappenings = [
  'unknown commit resolved',
  'duplicate dropped',
  'unroutable return',
  'confirm timeout then republish',
  'breaker open',
  'breaker closed',
  'webhook before answer',
  'unknown payout resolved as paid',
  'unknown payout resolved as not executed',
  'hold voided',
  'cancel lost',
  'cancel won',
  'DLQ replayed',
  'late paid after expired',
  'debt repaid',
  'deposit reversed',
  'payout returned',
  'crash',
  'withdrawal refused by its amount',
  'withdrawal refused by a limit',
  'limit given back by a void',
  'void of a day that is over',
  'limits began anew at midnight',
  'withdrawal approved',
  'withdrawal refused by an admin',
  'admin came too late',
  'cancelled while it waited for an admin',
  'wallet frozen',
  'everything frozen',
  'unfrozen by two people',
  'hold refused by a freeze',
  'deposit credited while frozen',
  'payout resolved by two people as executed',
  'payout resolved by two people as not executed',
  'purchase credited by two people',
  'resolution contradicted by Revio',
  'proposal rejected by the other admin',
  'second word of the same admin refused',
  'adjustment by two people posted',
  'adjustment by two people refused',
] as const;

/** What happens half of the time at least is no matter of how bad the times are. */
const certain = 50;
/** As often as a message is tried before it dies (MESSAGE_DELAYS_MS). */
const triesMax = 4;

/** Which faults befall a schedule. Each that was drawn has a number, so that a shrunk schedule can leave it out. */
export interface Faults {
  /** Whether this fault happens here and now. */
  strikes(name: string, percent: number): boolean;
  /** Whether the code has a bug with this message today: it fails on all its tries, until somebody mends it and replays. */
  isPoisoned(messageId: string): boolean;
  /** Peers that nobody reaches for a while. */
  down: Set<string>;
  /** While it is, nothing strikes. */
  pause(paused: boolean): void;
  /** How many were drawn. */
  drawn(): number;
}

export function createFaults(
  chance: Chance,
  { without, note }: { without: ReadonlySet<number>; note: (text: string) => void },
): Faults {
  let paused = false;
  // Some schedules are nearly calm, so that flows get far; in some nothing works at once.
  const severity = chance.pick([1, 3, 6]);
  const tries = new Map<string, number>();
  let count = 0;
  const faults: Faults = {
    strikes: (name, percent) => {
      if (paused || !chance.percent(percent < certain ? Math.min(percent * severity, certain) : percent)) return false;
      count += 1;
      if (without.has(count)) return false;
      note(`  fault ${count}: ${name}`);
      return true;
    },
    isPoisoned: (messageId) => {
      const left = tries.get(messageId);
      if (left === undefined) {
        if (paused || !faults.strikes('the code has a bug with a message', 1)) return false;
        tries.set(messageId, triesMax - 1);
        return true;
      }
      tries.set(messageId, left - 1);
      return left > 0;
    },
    down: new Set(),
    pause: (now) => {
      paused = now;
    },
    drawn: () => count,
  };
  return faults;
}
