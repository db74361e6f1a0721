import { setTimeout as sleep } from 'node:timers/promises';
import type { Books } from '../../deploy/audit/books.ts';
import { audit, type Violation } from '../../deploy/audit/rules.ts';
import { type BookUrls, readRunningBooks } from '../../deploy/audit/running-books.ts';
import type { Effect } from './history.ts';

/** A look reads all books. */
const LOOK_EVERY_MS = 3_000;
/** What a freshly healed system has to wait for: leases, windows of payouts, schedules of reads. */
const REST_TIMEOUT_MS = 300_000;

export interface Watched {
  looks: number;
  /** While PostgreSQL was down. */
  blind: number;
  /** By rule and subject, as first seen. */
  violations: Map<string, Violation>;
}

/** Looks at the books of the running system until told to stop: what must hold at every instant (deploy/audit). */
export function watchBooks(urls: BookUrls): { stop(): Promise<Watched> } {
  const watched: Watched = { looks: 0, blind: 0, violations: new Map() };
  let isStopping = false;
  const watching = (async () => {
    for (; !isStopping; await sleep(LOOK_EVERY_MS)) {
      const books = await readRunningBooks(urls).catch(() => undefined);
      if (books === undefined) watched.blind += 1;
      else watched.looks += 1;
      for (const found of books === undefined ? [] : audit(books, { atRest: false }))
        watched.violations.set(`${found.rule} ${found.subject}`, found);
    }
  })();
  return {
    stop: async () => {
      isStopping = true;
      await watching;
      return watched;
    },
  };
}

/** Waits until nothing is under way, and answers with the books and with what is wrong in them then, or was at the end of all patience. */
export async function booksAtRest(
  urls: BookUrls,
  meanwhile: (books: Books) => Promise<void>,
): Promise<{ books: Books; violations: Violation[] }> {
  for (const deadline = Date.now() + REST_TIMEOUT_MS; ; await sleep(LOOK_EVERY_MS)) {
    const books = await readRunningBooks(urls);
    const violations = withoutCases(books, audit(books, { atRest: true }));
    if (violations.length === 0 || Date.now() > deadline) return { books, violations };
    await meanwhile(books);
  }
}

/** Of these an open case may stand instead of the end: a person has to decide, and until then nothing is moved. */
const mayWait = new Set(['every accepted operation is terminal', 'I4 every hold has ended']);

function withoutCases({ explaining_cases, provider }: Books, violations: readonly Violation[]): Violation[] {
  const objects = new Set(explaining_cases.map(({ object_id }) => object_id));
  const named = provider.filter(({ object_id }) => objects.has(object_id)).map(({ reference }) => reference);
  const about = new Set([...explaining_cases.map(({ op_id }) => op_id), ...named]);
  return violations.filter(({ rule, subject }) => !(mayWait.has(rule) && about.has(subject)));
}

/** What happened of that which the load asks for; `before` is what was there before it began. */
export function effectsIn({ operations, op_txs }: Books, before: ReadonlySet<string>): Effect[] {
  const moved = new Set(op_txs.map(({ op_id }) => op_id));
  return operations
    .filter(({ op_id, kind }) => !before.has(op_id) && ['deposit', 'withdrawal'].includes(kind))
    .flatMap(({ op_id: id, kind, amount_minor, status }) => {
      const what = kind as 'deposit' | 'withdrawal';
      const counts = status !== 'failed' || moved.has(id);
      const asked: Effect = { what, subject: String(amount_minor), id, counts };
      return status === 'cancelled' ? [asked, { what: 'cancel', subject: id, id, counts }] : [asked];
    });
}
