/** All chance of a schedule: the same seed gives the same one, on every machine. */
export interface Chance {
  /** 0 ≤ n < below. */
  below(below: number): number;
  /** True in so many of a hundred cases. */
  percent(n: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  newUuid(): string;
  /** A transaction id as `newId` makes them, in the alphabet of ULIDs. */
  newId(prefix: 'dep' | 'wd' | 'rev' | 'adj'): string;
  fraction(): number;
  /** How many ids it has made. */
  idsMade(): number;
}

/** Mulberry32: enough for schedules, and the same everywhere. */
export function createChance(seed: number, idsMade = 0): Chance {
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x2545f491;
  let made = idsMade;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(fraction() * n);
  return {
    below,
    fraction,
    idsMade: () => made,
    percent: (n) => fraction() * 100 < n,
    pick: (items) => {
      const picked = items[below(items.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
    // Counted, not drawn: an id more or less must not change what follows.
    newUuid: () => `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
    newId: (prefix) => `${prefix}_01${String(++made).padStart(24, '0')}`,
  };
}
