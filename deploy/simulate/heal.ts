import { unfinished } from './promises.ts';
import type { Run } from './run-schedule.ts';
import type { System } from './system.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How time goes when all is healed: pauses and retries first, then leases, then the schedule of reads (R2, R2b). */
const leapsMs = [
  ...[1, 4, 20].map((minutes) => minutes * minuteMs),
  ...[1, 2, 6, 16, 2, 24, 2, 24, 2, 24, 2, 24, 2, 24].map((hours) => hours * hourMs),
];
/** One pause of the schedule never needs more turns than this; more is a loop without an end. */
const drainMax = 20_000;
/** For so many leaps, two days, a slow bank says nothing. */
const slowLeaps = 8;

/** Everything works again and time goes on, until all has ended. Returns what is broken, or what has not ended. */
export async function heal(run: Run): Promise<string[]> {
  const { host, faults, system, story, people, rules, happened, note } = run;
  faults.pause(true);
  faults.down.clear();
  for (const { process } of system.replicas()) process.paused = false;
  let left: string[] = [];
  for (const [leap, ms] of leapsMs.entries()) {
    const isAnswered = story.insist();
    // Not at once: what is on its way arrives while something is frozen.
    if (leap > 0) people.finish();
    for (const replica of system.oneOfEach())
      for (const { name } of replica.idle().filter(({ hasWork }) => hasWork())) replica.start(name);
    const broken = await drain(run);
    if (broken.length > 0) return broken;
    if (system.replayDeadLetters() > 0) happened('DLQ replayed');
    if (!rules.slowBank || leap > slowLeaps) endPayouts(run);
    left = unfinished(system);
    if (isAnswered && left.length === 0) return [];
    host.passTo(host.nowMs() + ms);
    note(`it is ${new Date(host.nowMs()).toISOString()}`);
  }
  return left.length > 0 ? left : ['liveness: a request is not answered'];
}

/** The bank's word, at last. Of a slow one it need not be what two people took it for. */
function endPayouts({ system, rules, chance }: Run): void {
  const { books, world } = system.revio;
  for (const { id, status } of books.payouts.values())
    if (status === 'pending')
      void (rules.slowBank && chance.percent(30) ? world.payoutFails(id) : world.payoutSucceeds(id));
}

/** All that can be done without time passing, in whatever order. */
export async function drain(run: Run): Promise<string[]> {
  const { chance, scheduler, system, story, note, brokenNow } = run;
  const { broker, revio } = system;
  for (let turns = 0; turns < drainMax; turns++) {
    await scheduler.settle();
    const broken = brokenNow();
    if (broken.length > 0) return broken;
    const steps = scheduler.ready();
    if (steps > 0) {
      note(scheduler.take(chance.below(steps)));
      continue;
    }
    if (broker.ready() > 0) {
      note(broker.take(chance.below(broker.ready())));
      continue;
    }
    const [to] = system.deliverable();
    if (to !== undefined) {
      to.replica.receive(to.queue, 0);
      note(`${to.replica.process.name} receives`);
    } else if (revio.webhooks.length > 0) note(story.deliverWebhook(0));
    else if (!relayAll(system)) return [];
  }
  return ['liveness: it goes round without an end'];
}

/** Whether any relay has begun something. */
function relayAll(system: System): boolean {
  const relays = system
    .oneOfEach()
    .filter((replica) => replica.idle().some(({ name, hasWork }) => name === 'relay' && hasWork()));
  for (const replica of relays) replica.start('relay');
  return relays.length > 0;
}
