import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SAVE_DELAY_MS, SAVE_PAUSE_FACTOR } from './limits.ts';
import type { Books } from './state.ts';

/** Raised when the records change shape: an older file is refused rather than misread. */
const VERSION = 1;

type Saved = { books: Books; clockOffsetMs: number };

/** The books an earlier process left, or null when there are none. Throws on a file that is not ours. */
export function loadBooks(path: string): Saved | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const { version, clockOffsetMs, ...books } = JSON.parse(text) as { version: number; clockOffsetMs: number } & Record<
    string,
    never
  >;
  if (version !== VERSION) throw new Error(`The state file is of version ${version}, not ${VERSION}.`);
  const byId = <Value extends { id: string }>(records: Value[]) =>
    new Map(records.map((record) => [record.id, record]));
  return {
    clockOffsetMs,
    books: {
      ...(books as unknown as Pick<Books, 'companyKey' | 'sequence'>),
      purchases: byId(books['purchases'] ?? []),
      payments: byId(books['payments'] ?? []),
      payouts: byId(books['payouts'] ?? []),
      webhooks: byId(books['webhooks'] ?? []),
      deliveries: byId(books['deliveries'] ?? []),
    },
  };
}

/** Written beside and renamed over, so that a process killed half-way leaves the old file; 0600 because of the private keys. */
function saveBooks(path: string, { books, clockOffsetMs }: Saved): void {
  const plain = {
    ...Object.fromEntries(
      Object.entries(books).map(([name, value]) => [name, value instanceof Map ? [...value.values()] : value]),
    ),
    // What was delivered is of use for looking only, and would be most of the file.
    deliveries: [...books.deliveries.values()].filter(({ state }) => state === 'waiting'),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, JSON.stringify({ version: VERSION, clockOffsetMs, ...plain }), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** `changed` writes soon, once for a burst; `flush` writes now. Without a path both do nothing. */
export function createSaver(path: string | null, current: () => Saved): { changed(): void; flush(): void } {
  let planned: NodeJS.Timeout | undefined;
  let pauseMs = SAVE_DELAY_MS;
  function flush(): void {
    clearTimeout(planned);
    planned = undefined;
    if (path === null) return;
    const startedMs = performance.now();
    saveBooks(path, current());
    pauseMs = Math.max(SAVE_DELAY_MS, SAVE_PAUSE_FACTOR * (performance.now() - startedMs));
  }
  return {
    changed() {
      if (path !== null) planned ??= setTimeout(flush, pauseMs).unref();
    },
    flush,
  };
}
