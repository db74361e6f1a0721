import { afterAll, beforeAll, expect, test } from 'vitest';
import { samples } from '#libs/contracts';
import type { Access, Operation } from '#libs/http';
import { addressOf, operationsOf } from '../deploy/generate/openapi.ts';
import { type ApiWorld, type Persona, personas, startApiWorld } from './system/api-world.ts';
import { countRows } from './system/count-rows.ts';

/**
 * Issue 4 §3.1, A3: every route × everybody. What each must be answered follows from the description by rule; that every route has a
 * description is `api-description.test.ts`'s, so none can be missing here.
 */
let world: ApiWorld;

/** Some three hundred requests, one after the other: seconds when idle. */
const allMs = 180_000;

beforeAll(async () => {
  world = await startApiWorld();
}, 120_000);
afterAll(() => world?.system.close());

const mayAsk: Record<Access, readonly Persona[]> = {
  public: personas,
  user: ['userA', 'userB', 'support', 'admin'],
  staff: ['support', 'admin'],
  admin: ['admin'],
};

/** Whoever asks for one of these is told that it does not exist, unless it is theirs: it is user A's. */
const ownedByUserA: readonly string[] = [samples.depositId, samples.withdrawalId, samples.bankAccountId];
const namesIn = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(namesIn) : [String(value)];
const isOwned = (value: unknown): boolean => namesIn(value).some((name) => ownedByUserA.includes(name));

type Expected = 'unauthenticated' | 'forbidden' | 'not theirs' | 'allowed';

function expectedOf({ access, examples }: Operation, who: Persona): Expected {
  if (!mayAsk[access].includes(who)) return who === 'nobody' ? 'unauthenticated' : 'forbidden';
  const [example] = examples;
  const owned = access === 'user' && (isOwned(example?.params) || isOwned(example?.body));
  return owned && who !== 'userA' ? 'not theirs' : 'allowed';
}

const refused = { unauthenticated: [401], forbidden: [403], 'not theirs': [404, 422] };
const codes = {
  unauthenticated: ['unauthenticated'],
  forbidden: ['forbidden'],
  'not theirs': ['not_found', 'transaction_not_found', 'bank_account_not_found'],
};

const operations = Object.values(operationsOf).flat();
const cells = operations.flatMap((operation) => {
  const name = `${operation.method} ${addressOf(operation)}`;
  return personas.map((who) => ({ name, who, operation, expected: expectedOf(operation, who) }));
});

test(
  'whoever may not ask is refused, each by the code for it, and leaves no trace',
  async () => {
    const before = await countRows(world.system);
    const asked = cells.filter(({ expected }) => expected !== 'allowed');
    expect(asked.length).toBeGreaterThan(60);
    for (const { name, who, operation, expected } of asked) {
      const [example] = operation.examples;
      if (example === undefined || expected === 'allowed') throw new Error(`${name} has no example`);
      const { status, body } = await world.ask(who, operation, example);
      const cell = `${name} by ${who}: ${status} ${body?.code}`;
      expect([cell, refused[expected].includes(status), codes[expected].includes(body?.code)]).toEqual([
        cell,
        true,
        true,
      ]);
    }
    expect(await countRows(world.system)).toEqual(before);
  },
  allMs,
);

test(
  'everybody else is heard: the answer is about what was asked, not about who asked',
  async () => {
    for (const { name, who, operation } of cells.filter(({ expected }) => expected === 'allowed')) {
      const [example] = operation.examples;
      if (example === undefined) throw new Error(`${name} has no example`);
      const { status, body } = await world.ask(who, operation, example);
      const cell = `${name} by ${who}: ${status} ${body?.code ?? ''}`;
      const isMeantToBeMissing = example.status === 404;
      const isAboutWho =
        ['unauthenticated', 'forbidden'].includes(body?.code) ||
        (body?.code === 'transaction_not_found' && !isMeantToBeMissing);
      expect([cell, isAboutWho || status >= 500]).toEqual([cell, false]);
    }
  },
  allMs,
);
