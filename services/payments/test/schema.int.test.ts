import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase, type Database, schemaDrift } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { entities } from '../src/entities.ts';

let fresh: FreshDatabase;
let owner: Database;
let service: Database;

beforeAll(async () => {
  fresh = await freshDatabase('payments');
  const common = {
    entities,
    poolMax: 2,
    applicationName: 'test',
    logger: createLogger({ name: 'test', level: 'silent' }),
  };
  owner = await connectDatabase({ ...common, url: fresh.ownerUrl });
  service = await connectDatabase({ ...common, url: fresh.url });
});
afterAll(async () => {
  await Promise.all([owner?.close(), service?.close()]);
  await fresh?.close();
});

test('the entities say what the migrations made', async () => {
  expect(await schemaDrift(owner)).toEqual([]);
});

test.each([
  'UPDATE transactions SET amount_minor = 1',
  'UPDATE transactions SET user_id = user_id',
  'DELETE FROM transactions',
  'UPDATE timeline SET at = now()',
  'DELETE FROM timeline',
  'DELETE FROM idempotency_keys',
  'UPDATE payouts SET execution_url = execution_url',
  'UPDATE bank_accounts SET details_sealed = details_sealed',
])('A9: the service may not: %s', async (statement) => {
  await expect(service.read.run(statement)).rejects.toMatchObject({ code: '42501' });
});

test('an intent to execute can be followed by no cancellation, whoever writes it', async () => {
  const insert = `INSERT INTO transactions (id, user_id, kind, status, amount_minor, currency, attempts, payout_id, execute_sent_at, created_at, updated_at)
    VALUES ('wd_1', gen_random_uuid(), 'withdrawal', $1, 100, 'ZAR', 0, 'p1', now(), now(), now())`;
  for (const status of ['pending', 'voiding', 'cancelled']) {
    await expect(owner.read.run(insert, [status])).rejects.toMatchObject({
      constraint: 'transactions_intent_is_final',
    });
  }
});

test('the audit can be read', async () => {
  for (const view of ['operations', 'outbox', 'inbox']) {
    expect(await owner.read.rows(`SELECT * FROM audit.${view}`)).toEqual([]);
  }
});

test('O6: a transaction’s payouts, the dead ones too, are found without reading those of all others', async () => {
  const plan = await owner.transact(async (sql) => {
    await sql.run('SET LOCAL enable_seqscan = off');
    return sql.rows<{ 'QUERY PLAN': string }>(`EXPLAIN SELECT payout_id FROM payouts WHERE transaction_id = 'wd_1'`);
  });
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Cond: \(transaction_id = /);
});
