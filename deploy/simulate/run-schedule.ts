import { beginningOf, restore } from './beginnings.ts';
import { createChance } from './chance.ts';
import { createFaults } from './faults.ts';
import { heal } from './heal.ts';
import { type Host, takeHost } from './host.ts';
import { noteEnds } from './note-ends.ts';
import { createPeople, type People } from './people.ts';
import { brokenChain, createWatch } from './promises.ts';
import { drawRules, type Rules } from './rules.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { startMs } from './settings.ts';
import { createStory, type Story } from './story.ts';
import { createSystem, type System } from './system.ts';
import { turn } from './turn.ts';

/** Which schedule, and what a shrunk one leaves out. */
export interface Plan {
  seed: number;
  /** How long things go wrong; after that everything heals. */
  steps: number;
  without: ReadonlySet<number>;
  /** Of a hundred webhooks so many are never sent; 10 unless said. */
  unsentPercent?: number;
}

export interface Result {
  broken: string[];
  /** At which step, if while things went wrong; null for what was found in the end. */
  at: number | null;
  happenings: ReadonlyMap<string, number>;
  faults: number;
  /** All that were taken, the healing included. */
  steps: number;
}

/** A schedule that is being played. */
export interface Run {
  host: Host;
  chance: ReturnType<typeof createChance>;
  scheduler: Scheduler;
  faults: ReturnType<typeof createFaults>;
  happened: (what: string) => void;
  system: System;
  story: Story;
  people: People;
  rules: Rules;
  note: (line: string) => void;
  /** Whether a promise is broken now. */
  brokenNow: () => string[];
}

export const stepsDefault = 150;

/** Plays one schedule. The same plan gives the same result, step by step. */
export async function runSchedule(plan: Plan, note: (line: string) => void = () => {}): Promise<Result> {
  const beginning = await beginningOf(plan.seed);
  const chance = createChance(plan.seed, beginning.idsMade);
  const host = takeHost(startMs, chance);
  const happenings = new Map<string, number>();
  const happened = (what: string): void => {
    happenings.set(what, (happenings.get(what) ?? 0) + 1);
    note(`  happened: ${what}`);
  };
  try {
    const scheduler = createScheduler();
    const faults = createFaults(chance, { without: plan.without, note });
    const { unsentPercent = 10 } = plan;
    const rules = drawRules(chance);
    const world = { host, chance, scheduler, faults, happened, unsentPercent, rules };
    const system = createSystem(world);
    restore(system, beginning);
    const story = createStory({ ...world, system, user: beginning.user });
    const people = createPeople({ ...world, system, user: beginning.user });
    const run: Run = { ...world, system, story, people, note, brokenNow: createWatch(system) };

    let broken: string[] = [];
    let at: number | null = null;
    for (let step = 1; step <= plan.steps && broken.length === 0; step++) {
      note(`${step} ${turn(run)}`);
      await scheduler.settle();
      broken = run.brokenNow();
      at = step;
    }
    if (broken.length === 0) {
      note('everything heals');
      broken = await heal(run);
      at = null;
    }
    // With a watch that has seen nothing yet, so that every rule is asked once more.
    if (broken.length === 0) broken = [...createWatch(system)(), ...brokenChain(system)];
    noteEnds(system, happened);
    return { broken, at, happenings, faults: faults.drawn(), steps: scheduler.settled() };
  } finally {
    host.release();
    // A schedule is one turn of the event loop: signals, and messages of other threads, are heard between two.
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
