import { type EventType, events } from '#libs/contracts';
import { formatAmount } from '#libs/money';

/** A message as the outbox holds it: a CloudEvents envelope of ours. */
export type Message = { source: string; type: EventType; time: string; data: Record<string, unknown> };

/** One posting: its effect on the operation, and its signed entries in minor units. */
export type Posting = { effect: string; atMs: number; entries: { account: string; amountMinor: bigint }[] };

/** `wallet → payments`, the event, and what it says besides ids and amounts. */
export function messageWords({ source, type, data }: Message): string {
  const listeners = events[type].listeners.join(', ') || 'nobody yet';
  const name = type.replace(/^[a-z]+\./, '').replace(/\.v1$/, '');
  const { status } = (data['observation'] ?? data) as { status?: unknown };
  const details = [data['event_type'], status, data['outcome'], data['reason']].filter((part) => part !== undefined);
  const road = `${source.split('/').at(-1)} → ${listeners}`;
  return `${road.padEnd(31)} ${name.padEnd(22)} ${details.join(', ')}`.trimEnd();
}

/** What moved from where to where, and what the wallet holds afterwards. */
export function postingWords({ effect, entries }: Posting, after: { available: bigint; held: bigint }): string {
  const moves = entries
    .map(({ account, amountMinor }) => ({ account: shortName(account), amountMinor }))
    .toSorted((a, b) => (a.amountMinor < b.amountMinor ? -1 : 1))
    .map(({ account, amountMinor }) => `${account} ${amountMinor > 0n ? '+' : ''}${zar(amountMinor)}`);
  return `${effect.padEnd(8)} ${moves.join('  ').padEnd(44)} now ${balanceWords(zar(after.available), zar(after.held))}`;
}

export const stateWords = (status: string, reason: string | null): string =>
  reason === null ? status : `${status} (${reason})`;

export const balanceWords = (available: string, held: string): string => `${available} available, ${held} held`;

export const zar = (amountMinor: bigint): string => formatAmount(amountMinor, 'ZAR');

/** `wallet:<id>:held` is `held`, and the system's accounts go without their currency. */
const shortName = (account: string): string => account.replace(/^wallet:[^:]+:/, '').replace(/:[A-Z]{3}$/, '');
