import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase, type Database } from '#libs/db';
import { poll } from '#libs/testing';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import { postHold } from '../src/post-hold.ts';
import { type FeedCursor, feedStart, findPostings, pagePostings } from '../src/postings/page-postings.ts';
import { depositOf, foreignId, logger, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let db: Database;
beforeAll(async () => {
  ledger = await postgresTestLedger();
  db = await connectDatabase({ url: ledger.url, entities: [], poolMax: 2, applicationName: 'feed', logger });
});
afterAll(async () => {
  await db?.close();
  await ledger?.close();
});

/** All that there is after `after`, in pages of `limit`. */
async function drain(after: FeedCursor = feedStart, limit = 3) {
  const sources: string[] = [];
  let cursor = after;
  for (;;) {
    const { postings, next } = await pagePostings(db.read, cursor, limit);
    if (postings.length === 0) return { sources, cursor };
    sources.push(...postings.map(({ sourceId }) => sourceId));
    cursor = next;
  }
}
/** All that was committed: other tests' transactions on this server hold the horizon back for a moment. */
const drained = async (after: FeedCursor = feedStart) =>
  (await poll(async () => {
    const read = await drain(after);
    const { postings, heldBackSince } = await pagePostings(db.read, read.cursor, 1);
    return postings.length === 0 && heldBackSince === null && read;
  })) as Awaited<ReturnType<typeof drain>>;

test('I9: pages hold every posting once, with what crossed the border of the wallet', async () => {
  const deposit = depositOf(owner(), 1_000n);
  const claim = withdrawalOf(deposit, 600n);
  await creditDeposit(ledger.deps, deposit, foreignId());
  await holdFunds(ledger.deps, claim);
  await postHold(ledger.deps, claim, foreignId());
  const { sources, cursor } = await drained();
  expect(sources).toHaveLength(3);
  expect((await drain(cursor)).sources, 'nothing twice').toEqual([]);

  const found = await findPostings(db.read, [
    { kind: 'credit', sourceId: deposit.purchaseId },
    { kind: 'settlement', sourceId: claim.transactionId },
    { kind: 'reversal', sourceId: 'never' },
  ]);
  expect(found.map(({ kind, userId, amountMinor, systemMinor }) => [kind, userId, amountMinor, systemMinor])).toEqual(
    expect.arrayContaining([
      ['credit', deposit.userId, 1_000n, -1_000n],
      ['settlement', deposit.userId, 600n, 600n],
    ]),
  );
  expect(found).toHaveLength(2);
});

test('I9: a transaction held open while others commit: nothing after it is shown before it, and it is not skipped', async () => {
  const { cursor } = await drained();
  const late = depositOf(owner(), 100n);
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let written = false;
  const transact: typeof ledger.deps.transact = (work, options) =>
    ledger.deps.transact(async (tx) => {
      const result = await work(tx);
      written = true;
      await held;
      return result;
    }, options);
  const committing = creditDeposit({ ...ledger.deps, transact }, late, foreignId());
  await poll(() => written);

  const others = [depositOf(owner(), 1n), depositOf(owner(), 2n), depositOf(owner(), 3n)];
  try {
    for (const other of others) await creditDeposit(ledger.deps, other, foreignId());
    expect((await drain(cursor)).sources, 'they are newer than one that may still come').toEqual([]);
    expect((await pagePostings(db.read, cursor, 1)).heldBackSince, 'and it says so').toBeInstanceOf(Date);
  } finally {
    letGo();
    await committing;
  }
  const wanted = [late, ...others].map(({ purchaseId }) => purchaseId);
  const after = await drained(cursor);
  expect(after.sources.toSorted()).toEqual(wanted.toSorted());
  expect(after.sources[0]).toBe(late.purchaseId);
});

test('I9: fifty writers and a reader that never waits: every posting once', async () => {
  const start = (await drained()).cursor;
  const deposits = Array.from({ length: 150 }, () => depositOf(owner(), 5n));
  const seen: string[] = [];
  let cursor = start;
  let busy = true;
  const reading = (async () => {
    while (busy) {
      const page = await drain(cursor, 7);
      seen.push(...page.sources);
      cursor = page.cursor;
    }
  })();
  await Promise.all(deposits.map((deposit) => creditDeposit(ledger.deps, deposit, foreignId()))).finally(() => {
    busy = false;
  });
  await reading;
  const wanted = deposits.map(({ purchaseId }) => purchaseId);
  seen.push(...(await drained(cursor)).sources);
  expect(seen.toSorted()).toEqual(wanted.toSorted());
});

test('I9: postings that name transactions of another server (restored from a dump) are an error, never a silent gap', async () => {
  await creditDeposit(ledger.deps, depositOf(owner(), 5n), foreignId());
  const asOwner = new pg.Client({ connectionString: ledger.ownerUrl });
  await asOwner.connect();
  await asOwner.query('UPDATE postings SET written_by = 900000000000 WHERE id = (SELECT id FROM postings LIMIT 1)');
  await expect(drain()).rejects.toThrow('ADR 14');
  await asOwner.query('UPDATE postings SET written_by = 0');
  expect((await drain()).sources.length).toBeGreaterThan(0);
  await asOwner.end();
});

test('I9: what a page reads does not grow with the ledger', async () => {
  const filled = await postgresTestLedger();
  const asOwner = new pg.Client({ connectionString: filled.ownerUrl });
  await asOwner.connect();
  let reader: Database | undefined;
  try {
    await asOwner.query(`
      INSERT INTO wallets (id, user_id, currency, available_minor, held_minor, receivable_minor, version, last_hash, created_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'ZAR', 0, 0, 0, 0, decode(repeat('00', 32), 'hex'), now()
        FROM generate_series(1, 2000);
      INSERT INTO postings (id, kind, source_id, transaction_id, wallet_id, wallet_version, currency, amount_minor, created_at, written_by)
        SELECT gen_random_uuid(), 'credit', w.id || ' ' || n, 'dep_' || n, w.id, n, 'ZAR', 100, now(), n % 500
        FROM wallets w, generate_series(1, 10) n`);
    await asOwner.query('ANALYZE wallets, postings');
    // As with ten times as many rows: from 8 MB on the planner may share a scan of the table between workers.
    await asOwner.query(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET min_parallel_table_scan_size = 0', current_database());
      EXECUTE format('ALTER DATABASE %I SET parallel_setup_cost = 0', current_database());
    END $$`);
    reader = await connectDatabase({ url: filled.url, entities: [], poolMax: 1, applicationName: 'feed', logger });
    const { read } = reader;
    const plans: string[] = [];
    const explaining: Database['read'] = {
      ...read,
      rows: async (text, values = []) => {
        const lines = await read.rows<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${text}`, values);
        plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'));
        return read.rows(text, values);
      },
    };
    await pagePostings(explaining, feedStart, 200);
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      expect(plan).toContain('postings_feed');
      expect(plan).not.toContain('Seq Scan on postings');
    }
  } finally {
    await Promise.all([reader?.close(), asOwner.end()]);
    await filled.close();
  }
});
