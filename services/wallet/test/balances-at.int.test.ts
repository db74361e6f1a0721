import fc from 'fast-check';
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInternalToken } from '#libs/auth';
import { connectDatabase, type Database } from '#libs/db';
import { createApp } from '#libs/http';
import { formatAmount } from '#libs/money';
import { newUuid } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { creditDeposit } from '../src/credit-deposit.ts';
import { entities, entrySchema } from '../src/entities.ts';
import { holdFunds } from '../src/hold-funds.ts';
import { postHold } from '../src/post-hold.ts';
import { ALL_AT, readBalancesAt } from '../src/read-balances-at.ts';
import { reverseDeposit } from '../src/reverse-deposit.ts';
import { routes } from '../src/routes.ts';
import { voidHold } from '../src/void-hold.ts';
import { depositOf, foreignId, logger, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

const key = Buffer.alloc(32, 3);
let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let db: Database;
let app: ReturnType<typeof createApp>;
let now = new Date('2026-03-10T10:00:00.000Z');
const clock = { now: () => now };
beforeAll(async () => {
  ledger = await postgresTestLedger();
  db = await connectDatabase({ url: ledger.url, entities, poolMax: 4, applicationName: 'test', logger });
  const deps = { ledger: { ...ledger.deps, clock }, dataSource: db.dataSource, sql: db.read, internalKeys: [key] };
  app = createApp({ logger, metrics: createMetrics('wallet'), jsonLimitBytes: 65_536, ...routes(deps) });
});
afterAll(async () => {
  await db.close();
  await ledger.expectSound();
  await ledger.close();
});

const ask = (userId: string, path: string, query: Record<string, string>) => {
  const actor = { kind: 'user', userId, role: 'user', email: 'user@example.com' } as const;
  const token = signInternalToken(key, { audience: 'wallet', actor, ttlS: 60 });
  return request(app).get(path).query(query).auth(token, { type: 'bearer' });
};
const deps = () => ({ ...ledger.deps, clock });

test('T5: the balance at any moment is the sum of the entries until then, whatever happened and whatever the clock did', async () => {
  const step = fc.record({
    does: fc.constantFrom('credit', 'hold', 'post', 'void', 'reverse'),
    amount: fc.constantFrom(100n, 250n, 1_000n),
    // Backwards too: the next operation may run on a replica whose clock is behind.
    passes: fc.integer({ min: -400, max: 2_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
      const who = owner();
      const begun = now.getTime();
      const claims: ReturnType<typeof withdrawalOf>[] = [];
      const deposits: ReturnType<typeof depositOf>[] = [];
      for (const { does, amount, passes } of steps) {
        now = new Date(now.getTime() + passes);
        const [claim, deposit] = [claims.at(-1), deposits.at(-1)];
        if (does === 'hold') {
          claims.push(withdrawalOf(who, amount));
          await holdFunds(deps(), claims.at(-1) ?? withdrawalOf(who, amount));
        } else if (does === 'post' && claim !== undefined) await postHold(deps(), claim, foreignId());
        else if (does === 'void' && claim !== undefined)
          await voidHold(deps(), { ...claim, by: 'request', reason: 'test' }, foreignId());
        else if (does === 'reverse' && deposit !== undefined) {
          const reversal = { ...deposit, paymentId: foreignId(), reversal: 'refund' as const };
          await reverseDeposit(deps(), reversal, foreignId());
        } else {
          deposits.push(depositOf(who, amount));
          await creditDeposit(deps(), deposits.at(-1) ?? depositOf(who, amount), foreignId());
        }
      }
      const wallet = await ledger.wallet(who);
      const entries =
        wallet === undefined
          ? []
          : await db.dataSource.getRepository(entrySchema).find({ where: { walletId: wallet.id } });
      const ends = Math.max(begun, now.getTime(), ...entries.map(({ createdAt }) => createdAt.getTime()));
      now = new Date(ends + 1_000);
      const moments = [
        begun - 1,
        ends + 1,
        ...entries.flatMap(({ createdAt }) => [0, -1].map((d) => createdAt.getTime() + d)),
      ];
      for (const moment of new Set(moments)) {
        const sum = (account: string) =>
          entries
            .filter((entry) => entry.account === account && entry.createdAt.getTime() <= moment)
            .reduce((total, { amountMinor }) => total + amountMinor, 0n);
        const at = new Date(moment).toISOString();
        const { body, status } = await ask(who.userId, '/wallets/ZAR', { at });
        expect([status, body]).toEqual([
          200,
          {
            ...{ currency: 'ZAR', at, available: formatAmount(sum('available'), 'ZAR') },
            ...{ held: formatAmount(sum('held'), 'ZAR'), debt: formatAmount(-sum('receivable'), 'ZAR') },
          },
        ]);
      }
    }),
    { numRuns: 25 },
  );
});

test('T5: all wallets at a moment; before the first entry, and of who never had any, zero', async () => {
  const who = owner();
  const before = now.toISOString();
  now = new Date(now.getTime() + 1_000);
  await creditDeposit(deps(), depositOf(who, 500n), foreignId());
  const at = now.toISOString();
  expect((await ask(who.userId, '/wallets', { at })).body).toEqual({
    data: [{ currency: 'ZAR', available: '5.00', held: '0.00', debt: '0.00', at }],
  });
  expect((await ask(who.userId, '/wallets', { at: before })).body.data).toMatchObject([{ available: '0.00' }]);
  expect((await ask(newUuid(), '/wallets/ZAR', { at })).body).toMatchObject({ available: '0.00', at });
  const zoned = at.replace('Z', '+00:00');
  expect((await ask(who.userId, '/wallets/ZAR', { at: zoned })).body, 'any offset').toMatchObject({
    available: '5.00',
    at,
  });
});

test.each([
  ['the future', () => new Date(now.getTime() + 1).toISOString(), 'in_the_future'],
  ['a date', () => '2026-03-01', 'invalid_format'],
  ['no zone', () => '2026-03-01T10:00:00', 'invalid_format'],
  ['nothing', () => '', 'invalid_format'],
  ['a day that is none', () => '2026-02-30T10:00:00Z', 'invalid_format'],
])('T5: at %s → 422 with a pointer', async (_what, at, code) => {
  const { status, body } = await ask(newUuid(), '/wallets/ZAR', { at: at() });
  expect([status, body.code, body.errors?.[0]]).toMatchObject([422, 'validation_failed', { pointer: '/at', code }]);
});

/** A node of EXPLAIN's. */
type Plan = { Plans?: Plan[]; 'Relation Name'?: string; 'Actual Loops'?: number } & Partial<Record<Count, number>>;
type Count = 'Actual Rows' | 'Rows Removed by Filter' | 'Rows Removed by Join Filter';

/** How many entries were looked at, whatever way the plan takes. */
function entriesRead(node: Plan): number {
  const read = (count: Count) => (node[count] ?? 0) * (node['Actual Loops'] ?? 1);
  const here = node['Relation Name'] === 'entries' ? read('Actual Rows') + read('Rows Removed by Filter') : 0;
  return (node.Plans ?? []).reduce(
    (sum, below) => sum + entriesRead(below),
    here + read('Rows Removed by Join Filter'),
  );
}

test('T5: of a large wallet among small ones it reads a few entries, though the statistics say that all are small', async () => {
  const creditEachMs = async (who: ReturnType<typeof owner>, deposits: number) => {
    for (let n = 0; n < deposits; n += 1) {
      now = new Date(now.getTime() + 1);
      await creditDeposit(deps(), depositOf(who, 100n), foreignId());
    }
  };
  for (let small = 0; small < 20; small += 1) await creditEachMs(owner(), 10);
  const large = owner();
  await creditEachMs(large, 200);
  await holdFunds(deps(), withdrawalOf(large, 100n));
  await creditEachMs(large, 50);
  const at = now;
  await creditEachMs(large, 150);
  await db.transact((sql) => sql.run('ANALYZE entries'));
  const [explained] = await db.transact((sql) =>
    sql.rows<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`EXPLAIN (ANALYZE, FORMAT json) ${ALL_AT}`, [large.userId, at]),
  );
  if (explained === undefined) throw new Error('EXPLAIN says nothing');
  expect(entriesRead(explained['QUERY PLAN'][0].Plan)).toBeLessThan(200);
  expect(await readBalancesAt(db.read, large.userId, at)).toMatchObject([{ available: '249.00', held: '1.00' }]);
});
