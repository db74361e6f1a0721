import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import { DemoFailure } from './failure.ts';
import type { Journal } from './journal.ts';
import type { Sources, StoredPosting } from './sources.ts';
import { messageWords, postingWords, stateWords } from './words.ts';

/** Often enough to see each step happen, seldom enough to disturb nothing. */
const LOOK_EVERY_MS = 100;
/** Nothing new for so long after the end, and no message waiting: the story is told. */
const QUIET_MS = 500;
/** A step takes three seconds. When a webhook is lost, the first read that heals it comes after a minute. */
const FOLLOW_TIMEOUT_MS = 90_000;

/** A late truth can still change these, but not in this story. */
const ends = new Set(['completed', 'failed', 'expired', 'cancelled']);

export type Watch = {
  /** Follows a transaction until it has this status and nothing is under way any more. Throws DemoFailure on another end or none. */
  untilEnded: (transactionId: string, status: string) => Promise<void>;
  /** The accounts of the user's wallet that postings have touched. */
  accounts: () => readonly string[];
};

type WatchDeps = { api: Api; sources: Sources; journal: Journal };

/** Notes in the journal what one user's transactions do, as it happens: states, messages and postings. */
export function watchTransactions({ api, sources, journal }: WatchDeps): Watch {
  const balances = new Map<string, bigint>();
  const known = new Set<string>();
  let newsMs = 0;
  /** True once for each thing. */
  const isNew = (id: string): boolean => {
    if (known.has(id)) return false;
    known.add(id);
    newsMs = Date.now();
    return true;
  };

  const notePosting = ({ effect, atMs, entries }: StoredPosting): void => {
    for (const { account, amountMinor } of entries) {
      balances.set(account, (balances.get(account) ?? 0n) + amountMinor);
    }
    const sum = (name: string): bigint => [...balances].find(([account]) => account.endsWith(`:${name}`))?.[1] ?? 0n;
    const after = { available: sum('available'), held: sum('held') };
    journal.note({ atMs, kind: 'posting', text: postingWords({ effect, atMs, entries }, after) });
  };
  /** One look at everything. */
  const look = async (id: string) => {
    const [{ timeline = [] }, messages, postings] = await Promise.all([
      api.get(`/transactions/${id}`),
      sources.messagesAbout(id),
      sources.postingsOf(id),
    ]);
    for (const posting of postings) if (isNew(posting.id)) notePosting(posting);
    for (const [n, { status, reason, at }] of timeline.entries()) {
      if (isNew(`${id} ${n}`)) journal.note({ atMs: Date.parse(at), kind: 'state', text: stateWords(status, reason) });
    }
    for (const { id: messageId, envelope } of messages) {
      if (!isNew(messageId)) continue;
      journal.note({ atMs: Date.parse(envelope.time), kind: 'message', text: messageWords(envelope) });
    }
    journal.show();
    return { now: timeline.at(-1), waiting: messages.filter(({ published }) => !published) };
  };

  return {
    accounts: () => [...balances.keys()].filter((account) => account.startsWith('wallet:')),
    untilEnded: async (id, wanted) => {
      let seen = await look(id);
      for (const deadline = Date.now() + FOLLOW_TIMEOUT_MS; Date.now() < deadline; seen = await look(id)) {
        const isQuiet = seen.waiting.length === 0 && Date.now() - newsMs > QUIET_MS;
        if (isQuiet && ends.has(seen.now?.status ?? '')) break;
        await sleep(LOOK_EVERY_MS);
      }
      journal.show({ all: true });
      if (seen.now?.status === wanted && seen.waiting.length === 0) return;
      const last = seen.now === undefined ? 'nothing' : stateWords(seen.now.status, seen.now.reason);
      const waiting = seen.waiting.map(({ envelope }) => envelope.type).join(', ');
      throw new DemoFailure(
        `${id} should have become ${wanted} within ${FOLLOW_TIMEOUT_MS / 1000} s; last seen: ${last}` +
          (waiting === '' ? '.' : `, with messages not published: ${waiting}.`),
      );
    },
  };
}
