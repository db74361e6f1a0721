import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase, type Database } from '#libs/db';
import { adjustFunds } from '../src/adjust-funds.ts';
import { creditDeposit } from '../src/credit-deposit.ts';
import { holdFunds } from '../src/hold-funds.ts';
import { postHold } from '../src/post-hold.ts';
import { type DayCursor, type DayPosting, pageDayPostings, readTotals, type Span } from '../src/reports/day-books.ts';
import { voidHold } from '../src/void-hold.ts';
import { adjustmentOf, depositOf, foreignId, logger, owner, postgresTestLedger, withdrawalOf } from './ledgers.ts';

/** R3: what the daily report is told by the ledger. */

let ledger: Awaited<ReturnType<typeof postgresTestLedger>>;
let db: Database;
beforeAll(async () => {
  ledger = await postgresTestLedger();
  db = await connectDatabase({ url: ledger.url, entities: [], poolMax: 2, applicationName: 'day', logger });
});
afterAll(async () => {
  await db?.close();
  await ledger?.close();
});

const at = (hour: number): Date => new Date(`2026-03-01T${String(hour).padStart(2, '0')}:00:00.000Z`);
/** The ledger's operations as of this hour. */
const when = (hour: number) => ({ ...ledger.deps, clock: { now: () => at(hour) } });
const span: Span = { from: at(10), until: at(12) };

async function postingsOf(of: Span, limit: number): Promise<DayPosting[]> {
  const found: DayPosting[] = [];
  for (let after: DayCursor | null = null; ; ) {
    const page = await pageDayPostings(db.read, of, 'ZAR', after, limit);
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last;
  }
}

test('R3: closing is opening and what moved between; holds and voids move nothing, other days and currencies are not there', async () => {
  const user = owner();
  const deposit = depositOf(user, 1_000n);
  const [claim, voided] = [withdrawalOf(user, 600n), withdrawalOf(user, 100n)];
  const debit = adjustmentOf(user, 50n, 'debit');
  await creditDeposit(when(9), depositOf(user, 300n), foreignId());
  await creditDeposit(when(10), deposit, foreignId());
  await holdFunds(when(10), claim);
  await holdFunds(when(10), voided);
  await postHold(when(11), claim, foreignId());
  await voidHold(when(11), { ...voided, by: 'request', reason: 'cancelled' }, foreignId());
  await adjustFunds(when(11), debit, foreignId());
  await creditDeposit(when(12), depositOf(user, 7n), foreignId());
  await creditDeposit(when(11), depositOf({ ...owner(), currency: 'USD' }, 9n), foreignId());

  const postings = await postingsOf(span, 2);
  expect(postings.map(({ kind, sourceId, gainedMinor }) => [kind, sourceId, gainedMinor])).toEqual([
    ['credit', deposit.purchaseId, 1_000n],
    ...[
      ['settlement', claim.transactionId, -600n],
      ['adjustment', debit.transactionId, -50n],
    ].sort((a, b) => {
      const idOf = ([, source]: unknown[]) => postings.find(({ sourceId }) => sourceId === source)?.id ?? '';
      return idOf(a) < idOf(b) ? -1 : 1;
    }),
  ]);
  expect(await readTotals(db.read, span)).toEqual([
    { currency: 'USD', openingMinor: 0n, closingMinor: 9n },
    { currency: 'ZAR', openingMinor: 300n, closingMinor: 650n },
  ]);
  expect(await postingsOf(span, 1), 'pages of any size').toEqual(postings);
  expect(await readTotals(db.read, { from: at(1), until: at(2) }), 'nothing was ever posted').toEqual([]);
});
