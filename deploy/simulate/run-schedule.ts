import { createChance } from './chance.ts';
import { createFaults } from './faults.ts';
import { takeHost } from './host.ts';
import { noteEnds } from './note-ends.ts';
import { brokenChain, brokenNow, unfinished } from './promises.ts';
import type { Replica } from './replica.ts';
import { createScheduler } from './scheduler.ts';
import { createStory, type Story } from './story.ts';
import { createSystem, type System } from './system.ts';

/** Which schedule, and what a shrunk one leaves out. */
export interface Plan {
  seed: number;
  /** How long things go wrong; after that everything heals. */
  steps: number;
  without: ReadonlySet<number>;
}

export interface Result {
  broken: string[];
  /** At which step, if while things went wrong; null for what was found in the end. */
  at: number | null;
  happenings: ReadonlyMap<string, number>;
  faults: number;
  steps: number;
}

export const stepsDefault = 300;
const startMs = Date.parse('2026-01-01T08:00:00Z');
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How time goes when all is healed: pauses and retries first, then leases, then the schedule of reads (R2, R2b). */
const healingMs = [
  ...[1, 1, 2, 5, 5, 10, 20].map((minutes) => minutes * minuteMs),
  ...[1, 1, 2, 6, 16, 1, 1, 24, 1, 1, 24, 1, 24, 1, 24, 1].map((hours) => hours * hourMs),
];
/** One pause of the schedule never needs more turns than this; more is a loop without an end. */
const drainMax = 20_000;

/** Plays one schedule. The same plan gives the same result, step by step. */
export async function runSchedule(plan: Plan, note: (line: string) => void = () => {}): Promise<Result> {
  const chance = createChance(plan.seed);
  const host = takeHost(startMs, chance);
  const happenings = new Map<string, number>();
  const happened = (what: string): void => {
    happenings.set(what, (happenings.get(what) ?? 0) + 1);
    note(`  happened: ${what}`);
  };
  try {
    const scheduler = createScheduler();
    const faults = createFaults(chance, { without: plan.without, note });
    const world = { host, chance, scheduler, faults, happened };
    const system = createSystem(world);
    const story = await createStory({ ...world, system });
    const run = { ...world, system, story, note };
    const isClean = createWatch(system);

    // There is money from the start, and a withdrawal of it that waits for its payout.
    let broken = await fund(run, isClean);
    let at: number | null = null;
    for (let step = 1; step <= plan.steps && broken.length === 0; step++) {
      note(`${step} ${turn(run)}`);
      await scheduler.settle();
      broken = await isClean();
      at = step;
    }
    if (broken.length === 0) {
      note('everything heals');
      broken = await heal(run, isClean);
      at = null;
    }
    if (broken.length === 0) broken = brokenChain(system);
    await noteEnds(system, happened);
    return { broken, at, happenings, faults: faults.drawn(), steps: plan.steps };
  } finally {
    host.release();
  }
}

type Run = {
  host: ReturnType<typeof takeHost>;
  chance: ReturnType<typeof createChance>;
  scheduler: ReturnType<typeof createScheduler>;
  faults: ReturnType<typeof createFaults>;
  happened: (what: string) => void;
  system: System;
  story: Story;
  note: (line: string) => void;
};

/** Looks only when a database or Revio has changed. */
function createWatch(system: System): () => Promise<string[]> {
  let seen = -1;
  return async () => {
    const { payments, wallet } = system.databases;
    const now = payments.commits() + wallet.commits() + system.revio.changes();
    if (now === seen) return [];
    seen = now;
    return brokenNow(system);
  };
}

/** One thing that happens next: of what is possible now, what is likely is chosen more often. */
function turn(run: Run): string {
  const { chance, scheduler, system, story } = run;
  const { broker, revio } = system;
  const to = system.deliverable();
  const possible: [weight: number, act: () => string][] = [
    [6, () => story.act() ?? passTime(run)],
    [3, () => passTime(run)],
    [2, () => trouble(run)],
  ];
  if (scheduler.ready() > 0) possible.push([40, () => scheduler.take(chance.below(scheduler.ready()))]);
  if (broker.ready() > 0) possible.push([25, () => broker.take(chance.below(broker.ready()))]);
  if (to.length > 0) possible.push([15, () => receive(run, to)]);
  if (revio.webhooks.length > 0) possible.push([6, () => story.deliverWebhook(chance.below(revio.webhooks.length))]);
  const loops = system
    .replicas()
    .flatMap((replica) =>
      replica.process.paused
        ? []
        : replica.idle().map((loop) => ({ replica, loop, weight: weightOf(system, replica, loop) })),
    );
  for (const { replica, loop, weight } of loops) {
    const start = () => {
      replica.start(loop);
      return `${replica.process.name} runs ${loop}`;
    };
    if (weight > 0) possible.push([weight, start]);
  }
  let left = chance.fraction() * possible.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, act] of possible) {
    left -= weight;
    if (left < 0) return act();
  }
  return passTime(run);
}

/** Work is looked for where there is some, mostly, as the services wake their loops after a commit. */
function weightOf(system: System, { service }: Replica, loop: string): number {
  if (loop === 'relay') return system.hasMail(service) ? 5 : 0;
  // The one that moves money.
  if (loop === 'submit-payouts') return 3;
  return service === 'payments' ? 1 : 0.3;
}

function receive({ chance, faults }: Run, to: ReturnType<System['deliverable']>): string {
  const { replica, queue, length } = chance.pick(to);
  replica.receive(queue, faults.strikes('an order is lost', 20) ? chance.below(length) : 0);
  return `${replica.process.name} receives`;
}

function passTime({ chance, host }: Run): string {
  const dueMs = host.nextDueMs();
  const roll = chance.below(100);
  const to =
    roll < 50 && dueMs !== undefined
      ? dueMs
      : host.nowMs() + (roll < 90 ? chance.below(5_000) : chance.below(30 * minuteMs));
  host.passTo(to);
  return `it is ${new Date(host.nowMs()).toISOString()}`;
}

function trouble({ chance, faults, system, story }: Run): string {
  const replica = chance.pick(system.replicas());
  const { process } = replica;
  const roll = chance.below(5);
  if (roll === 0 && faults.strikes(`${process.name} is killed`, 70)) {
    system.crash(replica);
    return 'a crash';
  }
  if (roll === 1 && faults.strikes(`${process.name} is paused`, 50)) {
    process.paused = true;
    return 'a pause';
  }
  if (roll === 2) {
    for (const each of system.replicas()) each.process.paused = false;
    faults.down.clear();
    return 'all go on';
  }
  if (roll === 3) {
    const peer = chance.pick(['Revio', 'wallet', 'payments']);
    if (faults.strikes(`${peer} is out of reach for a while`, 50)) faults.down.add(peer);
    return 'an outage, perhaps';
  }
  story.insist();
  return 'the user asks again';
}

async function fund(run: Run, isClean: () => Promise<string[]>): Promise<string[]> {
  const { faults, story } = run;
  faults.pause(true);
  story.fund();
  await drain(run, isClean);
  story.payFirst();
  await drain(run, isClean);
  story.withdraw();
  const broken = await drain(run, isClean);
  faults.pause(false);
  return broken;
}

/** All that can be done without time passing, in whatever order. */
async function drain(run: Run, isClean: () => Promise<string[]>): Promise<string[]> {
  const { chance, scheduler, system, story, note } = run;
  for (let turns = 0; turns < drainMax; turns++) {
    await scheduler.settle();
    const broken = await isClean();
    if (broken.length > 0) return broken;
    const to = system.deliverable();
    const { broker, revio } = system;
    if (scheduler.ready() > 0) note(scheduler.take(chance.below(scheduler.ready())));
    else if (broker.ready() > 0) note(broker.take(chance.below(broker.ready())));
    else if (to[0] !== undefined) {
      to[0].replica.receive(to[0].queue, 0);
      note(`${to[0].replica.process.name} receives`);
    } else if (revio.webhooks.length > 0) note(story.deliverWebhook(0));
    else if (!relayAll(system)) return [];
  }
  return ['liveness: it goes round without an end'];
}

/** Whether any relay has begun something. */
function relayAll(system: System): boolean {
  const relays = system
    .oneOfEach()
    .filter((replica) => system.hasMail(replica.service) && replica.idle().includes('relay'));
  for (const replica of relays) replica.start('relay');
  return relays.length > 0;
}

async function heal(run: Run, isClean: () => Promise<string[]>): Promise<string[]> {
  const { host, faults, system, story, happened, note } = run;
  faults.pause(true);
  faults.down.clear();
  for (const { process } of system.replicas()) process.paused = false;
  let left: string[] = [];
  for (const ms of healingMs) {
    const isAnswered = story.insist();
    const workers = system.oneOfEach();
    for (const replica of workers) for (const loop of replica.idle()) if (loop !== 'relay') replica.start(loop);
    const broken = await drain(run, isClean);
    if (broken.length > 0) return broken;
    if (system.replayDeadLetters() > 0) happened('DLQ replayed');
    for (const { id, status } of system.revio.books.payouts.values())
      if (status === 'pending') system.revio.world.payoutSucceeds(id);
    left = await unfinished(system);
    if (isAnswered && left.length === 0) return [];
    host.passTo(host.nowMs() + ms);
    note(`it is ${new Date(host.nowMs()).toISOString()}`);
  }
  return left.length > 0 ? left : ['liveness: a request is not answered'];
}
