/** Throws that one number decides, so that a story that broke something can be told again. */
export interface Dice {
  /** From 0 up to, not including, `below`. */
  number(below: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  times<Item>(max: number, make: () => Item): Item[];
}

/** mulberry32: a few lines with a period of 2^32, which is all that a choice among a few stories asks for. */
export function diceOf(seed: number): Dice {
  let state = (seed * 2_654_435_761) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const number = (below: number): number => Math.floor(next() * below);
  return {
    number,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[number(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    times: (max, make) => Array.from({ length: number(max + 1) }, make),
  };
}
