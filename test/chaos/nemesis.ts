import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceNames } from '#libs/contracts';
import type { TcpProxy } from '#libs/testing';
import { type Dice, diceOf } from '../scenarios/dice.ts';
import type { ChaosStack } from './chaos-stack.ts';

/** Whether it came to be: a trap that nothing stepped into has done no harm. */
type Fault = (stack: ChaosStack, dice: Dice) => Promise<boolean>;

/** Between two faults of one track: some requests come through, and some meet the next one still shaken by the last. */
const PAUSE_MAX_MS = 3_000;
/** For what is left of the first deck when the time is over; a restart of RabbitMQ takes 30 s on a loaded machine. */
const OVERTIME_MAX_MS = 300_000;
/** Under load something is committed or confirmed many times a second. */
const TRAP_MS = 10_000;
/** AMQP 0-9-1: class 60, method 80. From the broker, basic.ack is a publisher's confirm and nothing else. */
const BASIC_ACK = Uint8Array.of(0, 60, 0, 80);
/** As a simple query or in an extended one's Parse, it ends in a zero byte. */
const COMMIT = 'COMMIT\0';

const routes = ['POST /purchases/', 'POST /payouts/', 'POST /po/{id}/bank/', 'GET /payouts/{id}/', '*'];
const routeFaults = ['effect_then_drop', 'reset', 'hang', '500_after_effect', '500', '429', 'garbage_after_effect'];
const events = ['*', 'purchase.paid', 'payout.success'];
const webhookFaults = ['duplicate', 'reorder', 'delay', 'stale', 'drop', 'forge'];

/** Two tracks, so that what takes long (a server that starts again) meets all the rest. */
const tracks: Record<string, Fault>[] = [
  {
    'replica killed (SIGKILL)': async (stack, dice) => signal(pickReplica(stack, dice), 'SIGKILL'),
    'replica stopped (SIGSTOP, SIGCONT)': async (stack, dice) => {
      const replica = pickReplica(stack, dice);
      if (!signal(replica, 'SIGSTOP')) return false;
      await sleep(500 + dice.number(9_500));
      return signal(replica, 'SIGCONT');
    },
    'connections to PostgreSQL cut': async ({ toPostgres }) => cut(toPostgres),
    'connections to RabbitMQ cut': async ({ toRabbit }) => cut(toRabbit),
    'PostgreSQL out of reach': ({ toPostgres }, dice) => outOfReach(toPostgres, dice),
    'RabbitMQ out of reach': ({ toRabbit }, dice) => outOfReach(toRabbit, dice),
    'answer to COMMIT lost': ({ toPostgres }, dice) => repeatedly(dice, () => toPostgres.loseAnswerTo(COMMIT)),
    'COMMIT lost': ({ toPostgres }, dice) => repeatedly(dice, () => toPostgres.loseFromClient(COMMIT)),
    'publisher confirm lost': ({ toRabbit }, dice) => repeatedly(dice, () => toRabbit.loseFromServer(BASIC_ACK)),
    'Revio fails': (stack, dice) =>
      armed(stack, () => ({
        route: dice.pick(routes),
        kind: dice.pick(routeFaults),
        count: 1 + dice.number(4),
        effect: dice.pick(['before', 'after', 'never']),
        ms: 500 + dice.number(3_000),
      })),
    'webhooks fail': (stack, dice) =>
      armed(stack, () => ({
        event: dice.pick(events),
        kind: dice.pick(webhookFaults),
        count: 1 + dice.number(8),
        ms: dice.number(4_000),
        copies: 2 + dice.number(8),
      })),
  },
  {
    'PostgreSQL killed (SIGKILL)': (stack) => done(stack.restartPostgres('SIGKILL')),
    'PostgreSQL stopped at once (SIGQUIT)': (stack) => done(stack.restartPostgres('SIGQUIT')),
    'RabbitMQ restarted': (stack) => done(stack.restartRabbit(undefined)),
    'RabbitMQ killed (SIGKILL)': (stack) => done(stack.restartRabbit('KILL')),
    'RabbitMQ’s disk alarm': async (stack, dice) => {
      await stack.rabbit().control('set_disk_free_limit', '1000000GB');
      await sleep(2_000 + dice.number(6_000));
      await stack.rabbit().control('set_disk_free_limit', '50MB');
      return true;
    },
  },
];

const faultNames = tracks.flatMap((track) => Object.keys(track));

export interface Nemesis {
  /** How often each fault has happened. */
  happened: Record<string, number>;
  /** Resolves when the time is over and each fault has happened, or will not; throws when one could not be carried out. */
  ended: Promise<void>;
}

/** Faults by the seed, in shuffled decks, so that none is forgotten. One that did not come to be is dealt again before the deck is. */
export function startNemesis(stack: ChaosStack, { seed, untilMs }: { seed: number; untilMs: number }): Nemesis {
  const happened: Record<string, number> = Object.fromEntries(faultNames.map((name) => [name, 0]));
  const deal = async (track: Record<string, Fault>, n: number): Promise<void> => {
    const dice = diceOf(seed * tracks.length + n);
    let deck: [name: string, fault: Fault][] = [];
    const first = new Set(Object.keys(track));
    while (Date.now() < untilMs || (first.size > 0 && Date.now() < untilMs + OVERTIME_MAX_MS)) {
      if (deck.length === 0) deck = shuffled(Object.entries(track), dice);
      const [name, fault] = deck.shift() ?? never();
      if (Date.now() >= untilMs && !first.has(name)) continue;
      const came = await fault(stack, dice).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      });
      if (came) {
        happened[name] = (happened[name] ?? 0) + 1;
        first.delete(name);
      }
      await sleep(dice.number(PAUSE_MAX_MS));
    }
  };
  const ended = Promise.allSettled(tracks.map(deal)).then((tracksEnded) => {
    for (const track of tracksEnded) if (track.status === 'rejected') throw track.reason;
  });
  return { happened, ended };
}

type Replica = { pid: number | undefined; program: string };

function pickReplica(stack: ChaosStack, dice: Dice): Replica {
  const service = dice.pick(serviceNames);
  return {
    pid: dice.pick(stack.describe().services[service].replicas).pid,
    program: `services/${service}/src/main.js`,
  };
}

/** Only to a process of this stack: what stack.json names may have died a moment ago, and its number may be another's. */
function signal({ pid, program }: Replica, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  if (pid === undefined) return false;
  try {
    if (fs.existsSync('/proc/self') && !fs.readFileSync(commandLine, 'utf8').includes(program)) return false;
    return process.kill(pid, name);
  } catch {
    return false; // it is gone
  }
}

function cut(proxy: TcpProxy): boolean {
  proxy.cut();
  return true;
}

async function outOfReach(proxy: TcpProxy, dice: Dice): Promise<boolean> {
  await proxy.down();
  await sleep(500 + dice.number(3_000));
  await proxy.up();
  return true;
}

/** Sets the trap up to three times. One that nothing stepped into stays, which harms nobody: the next one replaces it. */
async function repeatedly(dice: Dice, trap: () => Promise<void>): Promise<boolean> {
  let sprung = false;
  for (let left = 1 + dice.number(3); left > 0; left--) {
    const came = await Promise.race([trap().then(() => true), sleep(TRAP_MS, false, { ref: false })]);
    sprung ||= came;
    await sleep(dice.number(500));
  }
  return sprung;
}

/** Three that are new; what nobody has met of the last ones is forgotten. */
async function armed({ sim }: ChaosStack, fault: () => object): Promise<boolean> {
  await sim('POST', 'faults/clear');
  for (let n = 0; n < 3; n++) await sim('POST', 'faults', fault());
  return true;
}

const done = async (work: Promise<void>): Promise<boolean> => work.then(() => true);

function shuffled<Item>(items: readonly Item[], dice: Dice): Item[] {
  const left = [...items];
  return items.map(() => left.splice(dice.number(left.length), 1)[0] ?? never());
}

function never(): never {
  throw new Error('nothing to deal');
}
