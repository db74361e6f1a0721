import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '#libs/contracts';
import { openCase } from '../src/cases/open-case.ts';
import { expectTransaction } from '../src/expect-transaction.ts';
import { observe } from '../src/observe.ts';
import type { Person } from '../src/people/act.ts';
import { importStatement } from '../src/reports/import-statement.ts';
import { makeReport } from '../src/reports/make-report.ts';
import { statementColumns } from '../src/reports/parse-statement.ts';
import type { LedgerMove } from '../src/reports/read-ledger.ts';
import { requestReport } from '../src/reports/request-report.ts';
import { runReports } from '../src/reports/run-reports.ts';
import { before, day, next, noon, type ReportWorld, reportWorld, soonAfter } from './report-worlds.ts';
import { payout, purchase, refund as refundSeen, userId } from './samples.ts';

/** R3 on PostgreSQL: what is reported, from what, and how often. */

let world: ReportWorld;
beforeEach(async () => {
  world = await reportWorld();
});
afterEach(() => world?.close());

const admin: Person = { userId: randomUUID(), role: 'admin' };
const money = { currency: 'ZAR' } as const;

/** Revio moved it and told us so at that time; the posting followed within a second. */
const saw = (observation: Observation, at: Date) => {
  const told = { updated_on: at.toISOString(), created_on: at.toISOString(), observed_at: at.toISOString() };
  return observe(world.deps, { messageId: randomUUID(), observation: { ...observation, ...told } as Observation });
};
const post = (kind: LedgerMove['kind'], sourceId: string, amountMinor: bigint, at = soonAfter(noon), more = {}) => {
  const move = { kind, sourceId, transactionId: sourceId, amountMinor, at, ...money, ...more };
  world.posted.push(move);
  return move;
};
async function paidDeposit({ at = noon, postedAt = soonAfter(at), isPosted = true } = {}) {
  const [transactionId, objectId] = [`dep_${ulid()}`, randomUUID()];
  const seen = purchase('paid', { object_id: objectId, reference: transactionId });
  await saw(seen, at);
  world.revio.says.set(objectId, { ...seen, updated_on: at.toISOString(), observed_at: at.toISOString() });
  if (isPosted) post('credit', objectId, 15_000n, postedAt, { transactionId });
  return { transactionId, objectId };
}
async function paidOut({ isPosted = true } = {}) {
  const [transactionId, objectId] = [`wd_${ulid()}`, randomUUID()];
  const { deps } = world;
  await expectTransaction(deps, {
    messageId: randomUUID(),
    transactionId,
    userId,
    ...money,
    amountMinor: 6_000n,
    requestedAt: noon,
    dueAt: null,
    executeSentAt: noon,
    object: { objectId, objectType: 'payout' },
  });
  await saw(payout('success', { object_id: objectId, reference: transactionId, source: 'read' }), soonAfter(noon));
  if (isPosted) post('settlement', transactionId, -6_000n, soonAfter(noon, 2_000));
  return { transactionId, objectId };
}

const results = async (of: string = day) => (await world.items(of)).map(({ result, kind }) => `${kind} ${result}`);
const reportOf = (of: string = day, version?: number) => world.deps.transact((tx) => tx.findReport(of, 'ZAR', version));
const line = (fields: Partial<Record<(typeof statementColumns)[number], string>>) =>
  statementColumns.map((column) => ({ ...standard, ...fields })[column]).join(',');
const standard = {
  at: noon.toISOString(),
  type: 'deposit',
  object_id: 'purchase-1',
  reference: '',
  currency: 'ZAR',
  gross: '150.00',
  fee: '4.35',
  status: 'settled',
};
const fileOf = (...lines: string[]) => [statementColumns.join(','), ...lines, ''].join('\r\n');
const imports = (csv: string, of = day) => importStatement(world.deps, admin, { day: of, csv });

test('R3: a day of every kind of movement is reported once, closes with what the ledger holds, and agrees with Revio', async () => {
  await paidDeposit({ at: new Date('2026-01-01T10:00:00.000Z') });
  const { objectId, transactionId } = await paidDeposit();
  await paidOut();
  const refund = refundSeen({
    object_id: 'refund-1',
    purchase_id: objectId,
    reference: transactionId,
    amount_minor: '1000',
  });
  await saw(refund, soonAfter(noon, 3_000));
  post('reversal', 'refund-1', -1_000n, soonAfter(noon, 4_000));
  post('adjustment', `adj_${ulid()}`, 250n, soonAfter(noon, 5_000));

  expect(await world.run()).toBe(1);
  const report = await reportOf();
  expect(report).toMatchObject({
    version: 1,
    isFinal: true,
    unread: 0,
    statementId: null,
    zone: 'Africa/Johannesburg',
  });
  expect(report?.totals).toEqual({
    opening: { ours: '15000', theirs: '15000' },
    lines: {
      deposit: { ours: '15000', theirs: '15000' },
      withdrawal: { ours: '-6000', theirs: '-6000' },
      reversal: { ours: '-1000', theirs: '-1000' },
      payout_return: { ours: '0', theirs: '0' },
      adjustment: { ours: '250', theirs: '0' },
    },
    closing: { ours: '23250', theirs: '23000' },
    fees: '435',
    cut_off: '0',
    unexplained: '0',
    counts: { matched: 3, ours_alone: 1 },
  });
  expect(await results()).toEqual([
    'adjustment ours_alone',
    'deposit matched',
    'withdrawal matched',
    'reversal matched',
  ]);
  expect((await world.causes()).filter((cause) => cause.startsWith('report_'))).toEqual([]);
  expect(world.revio.asked, 'what only a webhook told is read').toEqual([objectId]);
  expect((await world.items(day)).map(({ toldBy }) => toldBy)).toEqual([null, 'read', 'read', 'webhook']);
  expect(await world.run(), 'the day is reported').toBe(0);
});

test('R3 R6: two processes at once make one report; a late one finds it made; one killed half-way is made again', async () => {
  await paidDeposit();
  await Promise.all([
    runReports(world.deps),
    runReports(world.replica),
    runReports(world.deps),
    runReports(world.replica),
  ]);
  expect((await reportOf())?.version).toBe(1);

  // A claim whose process is gone: another takes it when its time is over, and the first, woken, adds nothing.
  await requestReport(world.deps, admin, { day, currency: 'ZAR' });
  const lost = await world.deps.transact((tx) => tx.claimRun(1));
  if (lost === null) throw new Error('nothing to claim');
  expect(await world.run()).toBe(1);
  expect(await makeReport(world.replica, lost)).toBeNull();
  const [one, two] = await Promise.all([reportOf(day, 1), reportOf(day, 2)]);
  expect([one?.version, two?.version, (await reportOf(day, 3)) === null]).toEqual([1, 2, true]);
  expect(two?.totals).toEqual(one?.totals);

  // Two leaders in the very same run: each does all of the work, one of them writes.
  await requestReport(world.deps, admin, { day, currency: 'ZAR' });
  const run = await world.deps.transact((tx) => tx.claimRun(60_000));
  if (run === null) throw new Error('nothing to claim');
  const made = await Promise.all([makeReport(world.deps, run), makeReport(world.replica, run)]);
  expect(made.filter((each) => each !== null)).toHaveLength(1);
  expect((await reportOf())?.version).toBe(3);
});

test('R3: a report is never changed or deleted by the service itself', async () => {
  await paidDeposit();
  await world.run();
  for (const text of [
    'UPDATE reports SET version = 9',
    'DELETE FROM report_items',
    'UPDATE statements SET day = now()',
  ])
    await expect(world.db.read.run(text)).rejects.toThrow(/permission denied/);
});

test('R3: what does not match is a case, one per cause; what is open already explains it; the next version opens none', async () => {
  const missing = await paidDeposit({ isPosted: false });
  // Nothing was decided on it, or its posting would be on its way: a purchase of nobody's.
  const stray = post('credit', 'never-heard-of', 700n, noon);
  const known = await paidDeposit();
  world.posted[1] = { ...(world.posted[1] as LedgerMove), amountMinor: 14_000n };
  await world.deps.transact((tx) =>
    openCase(tx, world.deps, {
      cause: 'amount_mismatch',
      about: known.objectId,
      transactionId: null,
      objectId: known.objectId,
      evidence: {},
    }),
  );
  await world.run();
  const items = await world.items(day);
  expect(items.map(({ result, objectId }) => [result, objectId])).toEqual([
    ['missing_here', missing.objectId],
    ['missing_there', stray.sourceId],
    ['amount', known.objectId],
  ]);
  expect((await world.causes()).sort()).toEqual(['amount_mismatch', 'report_missing_here', 'report_missing_there']);
  expect(items.every(({ caseId }) => caseId !== null)).toBe(true);
  expect((await reportOf())?.totals).toMatchObject({ unexplained: '-15300', cut_off: '0' });

  await requestReport(world.deps, admin, { day, currency: 'ZAR' });
  await world.run();
  expect((await world.items(day)).map(({ caseId }) => caseId)).toEqual(items.map(({ caseId }) => caseId));
  expect(await world.causes()).toHaveLength(3);
});

test('R3: a statement of something else altogether is one case about the day, not one per line', async () => {
  const lines = Array.from({ length: 101 }, (_, n) => line({ object_id: `stranger-${n}` }));
  await imports(fileOf(...lines));
  await world.run();
  expect((await reportOf())?.totals.counts).toEqual({ missing_here: 101 });
  expect(await world.causes()).toEqual(['report_differs']);
});

test('R3: paid before midnight and posted after it matches on both days, as the cut-off', async () => {
  const midnight = new Date('2026-01-01T22:00:00.000Z');
  await paidDeposit({ at: soonAfter(midnight, -1_000), postedAt: soonAfter(midnight) });
  await world.run();
  await requestReport(world.deps, admin, { day: before, currency: 'ZAR' });
  await world.run();
  expect([await results(before), await results(day)]).toEqual([['deposit matched'], ['deposit matched']]);
  const [eve, morrow] = [await reportOf(before), await reportOf(day)];
  expect([eve?.totals.cut_off, morrow?.totals.cut_off]).toEqual(['-15000', '15000']);
  expect(morrow?.totals.closing).toEqual({ ours: '15000', theirs: '15000' });
  expect(await world.causes()).toEqual([]);
});

test('R3: a posting for an object by whose last word nothing moved is of another status, not missing there', async () => {
  const { objectId, transactionId } = { objectId: randomUUID(), transactionId: `dep_${ulid()}` };
  await saw(purchase('cancelled', { object_id: objectId, reference: transactionId, source: 'read' }), noon);
  post('credit', objectId, 15_000n, soonAfter(noon), { transactionId });
  await world.run();
  const [item, ...more] = await world.items(day);
  expect([item?.result, item?.theirStatus, more]).toEqual(['status', 'cancelled', []]);
});

test('R3: postings that do not add up to the ledger, or a Revio that is out, delay the report and make no false one', async () => {
  await paidDeposit();
  world.trouble.lacks.push(world.posted[0] as LedgerMove);
  expect(await world.run()).toBe(0);
  expect(await reportOf()).toBeNull();
  world.trouble.lacks.length = 0;
  world.revio.isDown = true;
  expect(await world.run()).toBe(0);
  expect(await reportOf()).toBeNull();
  world.revio.isDown = false;
  await expect.poll(() => world.run()).toBe(1);
  expect(await results()).toEqual(['deposit matched']);
});

test('R3: of the day that lasts the report ends now, is not final and opens no case; a day to come has none', async () => {
  await paidDeposit({ at: world.time.now, isPosted: false });
  world.time.now = soonAfter(world.time.now, 60_000);
  expect(await requestReport(world.deps, admin, { day: next, currency: 'ZAR' })).not.toBeNull();
  await world.run();
  expect(await reportOf(next)).toMatchObject({ isFinal: false, until: world.time.now });
  expect([await results(next), await world.causes()]).toEqual([['deposit missing_here'], []]);
  expect(await requestReport(world.deps, admin, { day: '2026-01-04', currency: 'ZAR' })).toBeNull();
});

describe('a statement', () => {
  test('R3: speaks for Revio from then on; the same file again is the same statement', async () => {
    const { objectId } = await paidDeposit();
    await world.run();
    const file = fileOf(
      line({ object_id: objectId }),
      line({ type: 'fee', object_id: 'june', gross: '9.99', fee: '0' }),
    );
    const first = await imports(file);
    const again = await imports(file);
    if (!first.ok || !again.ok) throw new Error('refused');
    expect([first.isNew, again.isNew, again.statement.id]).toEqual([true, false, first.statement.id]);
    expect(await world.run()).toBe(1);
    expect(await reportOf()).toMatchObject({ version: 2, statementId: first.statement.id, totals: { fees: '1434' } });
    expect((await world.items(day)).map(({ result, toldBy }) => [result, toldBy])).toEqual([['matched', 'statement']]);
    expect((await reportOf(day, 1))?.statementId).toBeNull();
  });

  test('R3: what it does not have is missing there, even where a read says otherwise; what we do not know is a case', async () => {
    await paidDeposit();
    const known = await paidDeposit();
    await imports(
      fileOf(line({ object_id: known.objectId }), line({ object_id: 'stranger', gross: '1.00', fee: '0.00' })),
    );
    await world.run();
    expect(await results()).toEqual(['deposit missing_here', 'deposit missing_there', 'deposit matched']);
    expect((await world.causes()).sort()).toEqual(['report_missing_here', 'report_missing_there']);
  });

  test('R3: a later one of the day replaces it, and the opening of the days after follows', async () => {
    const { objectId } = await paidDeposit();
    await imports(fileOf(line({ object_id: objectId, gross: '151.00' })));
    await world.run();
    expect(await results()).toEqual(['deposit amount']);
    await imports(fileOf(line({ object_id: objectId })));
    await world.run();
    expect(await results()).toEqual(['deposit matched']);
    await imports(fileOf(line({ object_id: objectId, gross: '151.00' })));
    await world.run();
    expect(await results(), 'an earlier file again is the latest again').toEqual(['deposit amount']);
    await imports(fileOf(line({ object_id: objectId })));
    await world.run();
    world.time.now = new Date('2026-01-04T09:00:00.000Z');
    await world.run();
    expect((await reportOf(next))?.totals.opening).toEqual({ ours: '15000', theirs: '15000' });
  });

  test.each([
    ['another head', 'date,amount\r\n', [[1, '']]],
    ['a line too short', fileOf('2026-01-02T10:00:00Z,deposit'), [[2, '']]],
    ['a quote that does not end', fileOf(line({ reference: '"x' })), [[2, '']]],
    ['another day', fileOf(line({}), line({ at: '2026-01-02T22:00:00Z' })), [[3, 'at']]],
    [
      'a float of an amount',
      fileOf(line({ gross: '1.5e2' }), line({ fee: '-1.00' })),
      [
        [2, 'gross'],
        [3, 'fee'],
      ],
    ],
    [
      'an unknown type and currency',
      fileOf(line({ type: 'gift', currency: 'QQQ' })),
      [
        [2, 'type'],
        [2, 'currency'],
      ],
    ],
  ])('R3: %s is refused by line and column, and nothing is stored', async (_name, csv, wrong) => {
    const imported = await imports(csv);
    if (imported.ok) throw new Error('it was taken');
    expect(imported.mistakes.map((each) => [each.line, each.column])).toEqual(wrong);
    expect(await world.db.read.rows('SELECT id FROM statements')).toEqual([]);
    expect(await world.db.read.rows('SELECT line FROM statement_lines')).toEqual([]);
  });
});
