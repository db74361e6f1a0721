import { deserialize, serialize } from 'node:v8';
import type { MemoryDump } from '#libs/db';
import { addBankAccount } from '../../services/payments/src/bank-account/add-bank-account.ts';
import { createChance } from './chance.ts';
import { createFaults } from './faults.ts';
import { drain } from './heal.ts';
import { takeHost } from './host.ts';
import { createWatch } from './promises.ts';
import type { SimRevio } from './revio.ts';
import { plainRules } from './rules.ts';
import { createScheduler } from './scheduler.ts';
import { sealingKeys, simulatedServices } from './services.ts';
import { startMs } from './settings.ts';
import { createStory, type User } from './story.ts';
import { createSystem, type System } from './system.ts';

/**
 * Where schedules begin: there is money, and a withdrawal of it that waits for its payout. Played as everything else, without faults, but once
 * for many schedules: it would be a fifth of their work.
 */
export interface Beginning {
  dumps: MemoryDump[];
  /** Its books, serialized: read anew for each schedule, as rows of Revio's are changed in place. */
  revio: Buffer;
  user: User;
  idsMade: number;
}

/** Each has had its own order of messages. */
const beginningsMax = 4;
const beginnings = new Map<number, Promise<Beginning>>();

export function beginningOf(seed: number): Promise<Beginning> {
  const n = seed % beginningsMax;
  const known = beginnings.get(n) ?? play(n);
  beginnings.set(n, known);
  return known;
}

/** A system that was just made is given what the one of the beginning had. */
export function restore(system: System, { dumps, revio }: Beginning): void {
  databasesOf(system).forEach((database, n) => {
    database.memory.load(dumps[n] ?? []);
  });
  for (const name of simulatedServices) system.databases.outboxes[name].markAllPublished();
  Object.assign(system.revio.books, deserialize(revio) as SimRevio['books']);
}

const databasesOf = ({ databases }: System) => simulatedServices.map((name) => databases[name]);

async function play(n: number): Promise<Beginning> {
  const chance = createChance(-1 - n);
  const host = takeHost(startMs, chance);
  try {
    const scheduler = createScheduler();
    const faults = createFaults(chance, { without: new Set(), note: () => {} });
    faults.pause(true);
    const world = { host, chance, scheduler, faults, happened: () => {}, unsentPercent: 0, rules: plainRules };
    const system = createSystem(world);
    const user = await register(system, chance.newUuid);
    const story = createStory({ ...world, system, user });
    const people = { act: () => null, finish: () => {} };
    const run = { ...world, system, story, people, note: () => {}, brokenNow: createWatch(system) };
    const settle = async () => {
      const broken = await drain(run);
      if (broken.length > 0) throw new Error(broken.join('\n'));
    };
    story.fund();
    await settle();
    story.payFirst();
    await settle();
    story.withdraw();
    await settle();
    return {
      dumps: databasesOf(system).map(({ memory }) => memory.dump()),
      revio: serialize(system.revio.books),
      user: { ...user, requests: story.requests },
      idsMade: chance.idsMade(),
    };
  } finally {
    host.release();
  }
}

async function register({ databases }: System, newUuid: () => string): Promise<User> {
  const id = newUuid();
  const account = { userId: id, bankCode: '250655', bankName: null, holder: 'T MOKOENA', accountNumber: '62000000001' };
  const clock = { now: () => new Date(0), monotonicMs: () => 0 };
  const opening = { transact: databases.payments.look, sealingKeys, newUuid, coolOffMs: 0, clock };
  return { id, bankAccountId: (await addBankAccount(opening, account)).id, requests: [] };
}
