import type { Loop, Replica } from './replica.ts';
import type { Run } from './run-schedule.ts';
import type { System } from './system.ts';

const minuteMs = 60_000;

/** One thing that happens next: of what is possible now, what is likely is chosen more often. Returns what it was. */
export function turn(run: Run): string {
  const { chance, scheduler, system, story, people } = run;
  const { broker, revio } = system;
  const steps = scheduler.ready();
  const to = system.deliverable();
  const possible: [weight: number, act: () => string][] = [
    [6, () => story.act() ?? passTime(run)],
    [2, () => people.act() ?? story.act() ?? passTime(run)],
    [3, () => passTime(run)],
    [2, () => trouble(run)],
  ];
  if (steps > 0) possible.push([40, () => scheduler.take(chance.below(steps))]);
  if (broker.ready() > 0) possible.push([25, () => broker.take(chance.below(broker.ready()))]);
  if (to.length > 0) possible.push([15, () => receive(run, to)]);
  if (revio.webhooks.length > 0) possible.push([6, () => story.deliverWebhook(chance.below(revio.webhooks.length))]);
  for (const replica of system.replicas()) {
    if (replica.process.paused) continue;
    for (const loop of replica.idle()) {
      const weight = weightOf(replica, loop);
      if (weight > 0) possible.push([weight, () => start(replica, loop)]);
    }
  }
  let left = 0;
  for (const [weight] of possible) left += weight;
  left *= chance.fraction();
  for (const [weight, act] of possible) {
    left -= weight;
    if (left < 0) return act();
  }
  return passTime(run);
}

/** Work is looked for where there is some, mostly, as the services wake their loops after a commit. */
function weightOf({ service }: Replica, { name, hasWork }: Loop): number {
  if (!hasWork()) return name === 'relay' ? 0 : 0.1;
  if (name === 'relay') return 5;
  // The one that moves money.
  if (name === 'submit-payouts') return 4;
  return service === 'payments' ? 2 : 0.5;
}

function start(replica: Replica, { name }: Loop): string {
  replica.start(name);
  return `${replica.process.name} runs ${name}`;
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
