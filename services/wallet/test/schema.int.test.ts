import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase, schemaDrift } from '#libs/db';
import { creditDeposit } from '../src/credit-deposit.ts';
import { entities } from '../src/entities.ts';
import { depositOf, foreignId, logger, owner, postgresTestLedger } from './ledgers.ts';

let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
beforeAll(async () => {
  ledger = await postgresTestLedger();
  await creditDeposit(ledger.deps, depositOf(owner(), 100n), foreignId());
});
afterAll(() => ledger.close());

const run = async (url: string, text: string) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client.query(text).finally(() => client.end());
};

test('entities and migrations agree', async () => {
  const db = await connectDatabase({ url: ledger.ownerUrl, entities, poolMax: 1, applicationName: 'drift', logger });
  expect(await schemaDrift(db)).toEqual([]);
  await db.close();
});

test.each([
  'UPDATE entries SET amount_minor = 1',
  'DELETE FROM entries',
  'TRUNCATE entries',
  'UPDATE postings SET amount_minor = 1',
  'DELETE FROM postings',
  'DELETE FROM wallets',
  'DELETE FROM holds',
  'UPDATE wallets SET user_id = gen_random_uuid()',
  'UPDATE holds SET amount_minor = 1',
  "UPDATE outbox SET envelope = '{}'",
  'DELETE FROM outbox',
  'DROP TABLE entries',
])("A9 M5: the service's own role may not: %s", async (text) => {
  await expect(run(ledger.url, text)).rejects.toThrow(/permission denied|must be owner/);
});

test.each([
  ['available_minor = -1', 'wallets_available_not_negative'],
  ['held_minor = -1', 'wallets_held_not_negative'],
  ['receivable_minor = 1', 'wallets_receivable_not_positive'],
])('I3: the database itself refuses a wallet with %s', async (change, constraint) => {
  await expect(run(ledger.url, `UPDATE wallets SET ${change}`)).rejects.toMatchObject({ constraint });
});

test('an entry that somebody changed behind our back is found', async () => {
  await ledger.expectSound();
  await run(ledger.ownerUrl, `UPDATE entries SET trace_id = 'forged' WHERE line = 1`);
  await expect(ledger.expectSound()).rejects.toThrow();
});
