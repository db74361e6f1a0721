import type { Logger } from './logger.ts';

/** Longer than any single drain takes (HTTP and consumers bound theirs at 10 s); what hangs longer is left to the exit. */
const releaseMsMax = 15_000;

export interface Releases {
  /** Called where something is opened. After the stack was released, `release` runs at once: nothing opened late may stay. */
  push(name: string, release: () => void | Promise<void>): void;
  /** Last in, first out, one at a time. Never rejects: one that fails or hangs is logged and the rest still get their turn. */
  releaseAll(): Promise<void>;
}

export function createReleases(logger: Logger): Releases {
  const stack: { name: string; release: () => void | Promise<void> }[] = [];
  let releasing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      try {
        await bounded(top.name, top.release);
      } catch (err) {
        logger.error({ err, release: top.name }, 'release failed');
      }
    }
  }

  return {
    push(name, release) {
      stack.push({ name, release });
      if (releasing !== undefined) releasing = releasing.then(drain);
    },
    async releaseAll() {
      releasing ??= drain();
      await releasing;
    },
  };
}

async function bounded(name: string, release: () => void | Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} was not released within ${releaseMsMax} ms`)), releaseMsMax);
  });
  try {
    await Promise.race([release(), late]);
  } finally {
    clearTimeout(timer);
  }
}
