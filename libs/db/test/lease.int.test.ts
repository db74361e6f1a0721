import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acquireLease, connectDatabase, type Database, leasesSchema, memoryLeases } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { type FreshDatabase, freshDatabase } from '#libs/testing';

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase('wallet', []);
  db = await connectDatabase({
    url: fresh.ownerUrl,
    entities: [],
    poolMax: 4,
    applicationName: 'test',
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  await db.read.run(leasesSchema);
});
afterAll(async () => {
  await db?.close();
  await fresh?.close();
});

function postgres() {
  return {
    acquire: (name: string, holder: string, ttlMs: number) => acquireLease(db.read, name, holder, ttlMs),
    expire: (name: string) => db.read.run(`UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1`, [name]),
  };
}

function memory() {
  let now = 0;
  return {
    acquire: memoryLeases(() => new Date(now)),
    expire: async () => {
      now += 60_000;
    },
  };
}

describe.each([
  ['PostgreSQL', postgres],
  ['memory', memory],
])('a lease in %s', (_, make) => {
  test('is one holder’s until it expires, and each change of holder has a higher fencing number', async () => {
    const { acquire, expire } = make();
    expect(await acquire('sweep', 'one', 60_000)).toEqual({ fencing: 1n });
    expect(await acquire('sweep', 'two', 60_000)).toBeNull();
    expect(await acquire('sweep', 'one', 60_000)).toEqual({ fencing: 1n });
    expect(await acquire('report', 'two', 60_000)).toEqual({ fencing: 1n });
    await expire('sweep');
    expect(await acquire('sweep', 'two', 60_000)).toEqual({ fencing: 2n });
    expect(await acquire('sweep', 'one', 60_000)).toBeNull();
  });
});

test('of twenty that ask at once one gets it', async () => {
  const asked = await Promise.all(
    Array.from({ length: 20 }, (_, n) => acquireLease(db.read, 'race', `holder-${n}`, 60_000)),
  );
  expect(asked.filter((lease) => lease !== null)).toEqual([{ fencing: 1n }]);
});
