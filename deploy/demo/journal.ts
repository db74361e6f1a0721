/** Who or what the line is about; also its first word. */
export type Kind = 'you' | 'gateway' | 'Revio' | 'posting' | 'state' | 'message';

export type Event = { atMs: number; kind: Kind; text: string };

/** What happens in one transaction carries one time: the ledger moves, the state follows, the message tells. */
const order: readonly Kind[] = ['posting', 'state', 'message', 'Revio', 'gateway', 'you'];

/** The sources are read one after the other, each many times a second: what is this old has been seen in all of them. */
const HOLD_BACK_MS = 300;

export type Journal = {
  /** Times are shown from here on as seconds since now. */
  begin: () => void;
  note: (event: Event) => void;
  /** Prints in order of time what has been held back long enough, or everything. */
  show: (options?: { all: boolean }) => void;
};

/** Brings the events of several clocks' worth of sources into one order while they still happen. */
export function createJournal(print: (event: Event, sinceMs: number) => void): Journal {
  let waiting: (Event & { seenMs: number })[] = [];
  let beginMs = Date.now();
  return {
    begin: () => {
      beginMs = Date.now();
    },
    note: (event) => waiting.push({ ...event, seenMs: Date.now() }),
    show: ({ all } = { all: false }) => {
      waiting.sort((a, b) => a.atMs - b.atMs || order.indexOf(a.kind) - order.indexOf(b.kind));
      const isRipe = ({ seenMs }: { seenMs: number }): boolean => all || Date.now() - seenMs >= HOLD_BACK_MS;
      const ripe = waiting.slice(0, waiting.findLastIndex(isRipe) + 1);
      waiting = waiting.slice(ripe.length);
      for (const event of ripe) print(event, Math.max(0, event.atMs - beginMs));
    },
  };
}
