import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaDrift } from '#libs/db';
import { newId } from '#libs/runtime';
import type { Case } from '../src/cases/case.ts';
import { newProposal } from '../src/proposals/new-proposal.ts';
import type { ReconcilerTx } from '../src/reconciler-store.ts';
import { newObject, newSubject } from '../src/subject.ts';
import { at, credited, purchase, userId } from './samples.ts';
import { memoryWorld, newDepositId, type PostgresWorld, postgresWorld, type World } from './worlds.ts';

const worlds: { name: string; open: () => Promise<World> }[] = [
  { name: 'PostgreSQL', open: postgresWorld },
  { name: 'memory', open: async () => memoryWorld() },
];

const fullSubject = (transactionId: string) => ({
  transactionId,
  userId,
  currency: 'ZAR' as const,
  amountMinor: 9_007_199_254_740_993n,
  objectId: 'purchase-1',
  requestedAt: at(1),
  dueAt: at(2),
  executeSentAt: at(3),
  endedAt: at(4),
  endedAs: 'expired' as const,
  traceparent: null,
  reportedAt: at(5),
});

const fullObject = (objectId: string, transactionId: string) => ({
  objectId,
  objectType: 'purchase' as const,
  transactionId,
  lastStatus: 'paid',
  lastUpdatedOn: at(1),
  readStatus: 'viewed',
  readUpdatedOn: at(2),
  readAt: at(3),
  absences: 4,
  reads: 5,
  failedReads: 6,
  readFailedAt: at(7),
  nextReadAt: at(6),
});

const aCase = (changed: Partial<Case> = {}): Case => ({
  id: randomUUID(),
  cause: 'amount_mismatch',
  about: randomUUID(),
  transactionId: null,
  objectId: 'purchase-1',
  evidence: { expected: { amount_minor: '15000' }, observed: null },
  status: 'open',
  assignee: null,
  openedAt: at(0),
  closedAt: null,
  ...changed,
});

const waitingOn = (objectId: string, seconds = 0) => ({
  id: randomUUID(),
  objectId,
  deliveryId: randomUUID(),
  observation: purchase('paid'),
  parkedAt: at(seconds),
  triedAt: at(seconds),
});

const aProposal = () =>
  newProposal(
    {
      kind: 'adjustment',
      user_id: userId,
      currency: 'ZAR',
      amount_minor: '500',
      direction: 'credit',
      reason_code: 'goodwill',
      evidence: 'ticket 7',
    },
    { id: newId('adj'), caseId: null, proposedBy: randomUUID(), proposedAt: at(0), expiresAt: at(100) },
  );

describe.each(worlds)('the store on $name', ({ open }) => {
  let world: World;
  const run = <R>(work: (tx: ReconcilerTx) => Promise<R>) => world.deps.transact(work);
  beforeAll(async () => {
    world = await open();
  });
  afterAll(() => world?.close());

  test('a subject is made when it is first locked, and kept whole', async () => {
    const id = newDepositId();
    expect(await run((tx) => tx.lockSubject(id))).toEqual(newSubject(id));
    await run((tx) => tx.putSubject(fullSubject(id)));
    expect(await run((tx) => tx.lockSubject(id))).toEqual(fullSubject(id));
  });

  test('an object is made when it is first locked, and kept whole', async () => {
    const [id, transactionId] = [randomUUID(), newDepositId()];
    expect(await run((tx) => tx.transactionOf(id))).toBeNull();
    expect(await run((tx) => tx.lockObject(id, 'purchase'))).toEqual(newObject(id, 'purchase'));
    await run((tx) => tx.putObject(fullObject(id, transactionId)));
    expect(await run((tx) => tx.lockObject(id, 'payout'))).toEqual(fullObject(id, transactionId));
    expect(await run((tx) => tx.transactionOf(id))).toBe(transactionId);
    expect(await run((tx) => tx.lockObjectsOf(transactionId))).toEqual([fullObject(id, transactionId)]);
  });

  test('M6: a slot is taken once', async () => {
    const verdict = { ...credited(), transactionId: newDepositId(), sourceId: randomUUID() };
    expect(await run((tx) => tx.insertVerdict(verdict))).toBe(true);
    expect(await run((tx) => tx.insertVerdict({ ...verdict, amountMinor: 1n }))).toBe(false);
    expect(await run((tx) => tx.verdictsOf(verdict.transactionId))).toEqual([verdict]);
    const other = { ...verdict, slot: 'return', outcome: 'returned' } as const;
    expect(await run((tx) => tx.insertVerdict(other))).toBe(true);
    expect(await run((tx) => tx.verdictsOf(verdict.transactionId))).toEqual([verdict, other]);
  });

  test('there is one case per cause and what it is about, listed newest first', async () => {
    const [older, newer] = [aCase({ openedAt: at(10) }), aCase({ openedAt: at(20) })];
    expect(await run((tx) => tx.insertCase(older))).toBe(true);
    expect(await run((tx) => tx.insertCase({ ...aCase(), about: older.about }))).toBe(false);
    expect(await run((tx) => tx.insertCase({ ...newer, about: older.about, cause: 'foreign_brand' }))).toBe(true);
    expect(await run((tx) => tx.listCases(1))).toEqual([{ ...newer, about: older.about, cause: 'foreign_brand' }]);
    expect((await run((tx) => tx.listCases(9))).map(({ id }) => id)).toEqual([newer.id, older.id]);
  });

  test('R4: however many cases there are, each is found: page by page, by status and by cause', async () => {
    const cause = `cause_${randomUUID()}`;
    // Three of the same moment, whose order is that of their ids.
    const opened = [1, 2, 2, 2, 3].map((seconds) => ({ ...aCase({ openedAt: at(seconds) }), cause }));
    for (const each of opened) await run((tx) => tx.insertCase(each));
    const found: string[] = [];
    for (let after: Case | undefined; ; ) {
      const page = await run((tx) => tx.listCases(2, { status: 'open', cause, after }));
      found.push(...page.map(({ id }) => id));
      after = page.at(-1);
      if (page.length < 2) break;
    }
    expect(found).toHaveLength(5);
    expect(new Set(found)).toEqual(new Set(opened.map(({ id }) => id)));
    expect([found[0], found[4]]).toEqual([opened[4]?.id, opened[0]?.id]);
    expect(await run((tx) => tx.listCases(9, { status: 'resolved', cause }))).toEqual([]);
  });

  test('of a case, only what people do with it changes', async () => {
    const opened = aCase({ openedAt: at(5) });
    await run((tx) => tx.insertCase(opened));
    const changed = { ...opened, status: 'dismissed', assignee: randomUUID(), closedAt: at(9) } as const;
    await run((tx) => tx.putCase({ ...changed, cause: 'another' }));
    expect(await run((tx) => tx.lockCase(opened.id))).toEqual(changed);
    expect(await run((tx) => tx.findCase(opened.id))).toEqual(changed);
    expect(await run((tx) => tx.lockCase(randomUUID()))).toBeNull();
    expect(await run((tx) => tx.listCases(9, { status: 'dismissed' }))).toEqual([changed]);
  });

  test('A7: acts come in their order, of one case', async () => {
    const [caseId, proposalId] = [randomUUID(), randomUUID()];
    const act = {
      at: at(0),
      actorId: userId,
      actorRole: 'admin',
      caseId,
      proposalId: null,
      about: null,
      note: 'seen',
    } as const;
    const first = { ...act, id: randomUUID(), action: 'case_commented' } as const;
    const second = { ...act, id: randomUUID(), action: 'resolution_proposed', proposalId } as const;
    for (const each of [first, { ...first, id: randomUUID(), caseId: null, proposalId }, second])
      await run((tx) => tx.insertAct(each));
    expect(await run((tx) => tx.actsOf(caseId, 9))).toEqual([first, second]);
    expect(await run((tx) => tx.actsOf(caseId, 1))).toEqual([first]);
  });

  test('R4: a proposal is decided once, by another, upon the content that was read, and ends once', async () => {
    const proposal = aProposal();
    await run((tx) => tx.insertProposal(proposal));
    expect(await run((tx) => tx.findProposal(proposal.id))).toEqual(proposal);
    const decided = { by: String(randomUUID()), contentHash: proposal.contentHash, at: at(5), note: 'checked' };
    const decide = (changed: Partial<typeof decided> = {}) =>
      run((tx) => tx.decideProposal(proposal.id, 'approved', { ...decided, ...changed }));
    await expect(decide({ by: proposal.proposedBy })).rejects.toThrow('proposals_two_people');
    expect(await decide({ contentHash: 'f'.repeat(64) })).toBe(false);
    expect(await run((tx) => tx.endAdjustment(proposal.id, null))).toBe(false);
    expect(await decide()).toBe(true);
    expect(await decide({ by: randomUUID() })).toBe(false);
    const { by, at: decidedAt, note } = decided;
    const approved = { ...proposal, state: 'approved', decidedBy: by, decidedAt, note } as const;
    expect(await run((tx) => tx.lockProposal(proposal.id))).toEqual(approved);
    expect(await run((tx) => tx.endAdjustment(proposal.id, 'insufficient_funds'))).toBe(true);
    expect(await run((tx) => tx.endAdjustment(proposal.id, null))).toBe(false);
    const failed = { ...approved, state: 'failed', failure: 'insufficient_funds' };
    expect(await run((tx) => tx.listProposals(9, { state: 'failed' }))).toEqual([failed]);
    expect(await run((tx) => tx.listProposals(9, { caseId: randomUUID() }))).toEqual([]);
  });

  test('what waits on an object comes in the order it was parked in, until it is taken away', async () => {
    const objectId = randomUUID();
    const [second, first] = [waitingOn(objectId, 2), waitingOn(objectId, 1)];
    await run((tx) => tx.insertWaiting(second));
    await run((tx) => tx.insertWaiting(first));
    expect(await run((tx) => tx.waitingOn(objectId, 9))).toEqual([first, second]);
    expect(await run((tx) => tx.waitingOn(objectId, 1))).toEqual([first]);
    await run((tx) => tx.deleteWaiting(first.id));
    expect(await run((tx) => tx.waitingOn(objectId, 9))).toEqual([second]);
  });

  test('objects that are waited on are tried by turns, each once', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    for (const row of [waitingOn(b, 101), waitingOn(a, 100), waitingOn(a, 130)])
      await run((tx) => tx.insertWaiting(row));
    const take = (untriedSince: number, limit: number) =>
      run((tx) => tx.takeWaitingObjects(at(untriedSince), at(200), limit));
    const others = await run((tx) => tx.takeWaitingObjects(at(90), at(200), 99));
    expect(others).not.toContain(a);
    expect(await take(100, 9)).toEqual([]);
    expect(await take(150, 1)).toEqual([a]);
    expect(await take(150, 9)).toEqual([b]);
    expect(await take(150, 9)).toEqual([]);
  });

  test('open subjects without an object are found when they are old enough', async () => {
    const open = { ...newSubject(newDepositId()), userId, currency: 'ZAR' as const, amountMinor: 1n };
    const variants = [
      { ...open, requestedAt: at(50) },
      { ...open, transactionId: newDepositId(), requestedAt: at(60) },
      { ...open, transactionId: newDepositId(), requestedAt: at(50), objectId: 'purchase-1' },
      { ...open, transactionId: newDepositId(), requestedAt: at(50), endedAt: at(51), endedAs: 'failed' as const },
      { ...open, transactionId: newDepositId(), requestedAt: at(50), reportedAt: at(51) },
    ];
    for (const subject of variants) {
      await run((tx) => tx.lockSubject(subject.transactionId));
      await run((tx) => tx.putSubject(subject));
    }
    expect(await run((tx) => tx.subjectsWithoutObject(at(60), 9))).toEqual([open.transactionId]);
    expect(await run((tx) => tx.subjectsWithoutObject(at(61), 1))).toEqual([open.transactionId]);
    expect(await run((tx) => tx.subjectsWithoutObject(at(61), 9))).toHaveLength(2);
  });

  test('due reads are taken once, and given back unless they were scheduled anew', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const [n, id] of ids.entries()) {
      await run((tx) => tx.lockObject(id, 'payout'));
      await run((tx) =>
        tx.putObject({ ...newObject(id, 'payout'), nextReadAt: n === 2 ? at(-99_998) : at(-100_000 + n) }),
      );
    }
    const [first = '', second = '', later = ''] = ids;
    const take = (now: number, limit = 9) => run((tx) => tx.takeDueReads(at(now), at(-90_000), limit));
    expect(await take(-99_999, 1)).toEqual([{ objectId: first, objectType: 'payout' }]);
    expect(await take(-99_999)).toEqual([{ objectId: second, objectType: 'payout' }]);
    expect(await take(-99_999)).toEqual([]);
    await run((tx) => tx.putObject({ ...newObject(second, 'payout'), nextReadAt: at(-95_000) }));
    await run((tx) => tx.postponeReads([first, second], at(-90_000), at(-99_000)));
    expect((await take(-99_000)).map(({ objectId }) => objectId).toSorted()).toEqual([first, later].toSorted());
    expect(await take(-95_000)).toEqual([{ objectId: second, objectType: 'payout' }]);
  });

  test('a transaction that fails leaves nothing', async () => {
    const [id, verdict] = [newDepositId(), { ...credited(), sourceId: randomUUID(), transactionId: newDepositId() }];
    const failing = run(async (tx) => {
      await tx.putSubject(await tx.lockSubject(id));
      await tx.insertVerdict(verdict);
      await tx.insertWaiting(waitingOn(verdict.sourceId));
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await run((tx) => tx.verdictsOf(verdict.transactionId))).toEqual([]);
    expect(await run((tx) => tx.waitingOn(verdict.sourceId, 9))).toEqual([]);
  });
});

describe('the tables', () => {
  let world: PostgresWorld;
  beforeAll(async () => {
    world = await postgresWorld();
  });
  afterAll(() => world?.close());

  test('entities say what the migrations made', async () => {
    expect(await schemaDrift(world.db)).toEqual([]);
  });

  test.each([
    ['verdicts', 'amount_minor'],
    ['cases', 'evidence'],
    ['acts', 'note'],
    ['proposals', 'content'],
  ])('A9: the service itself can neither change nor delete %s', async (table, column) => {
    await expect(world.db.read.run(`UPDATE ${table} SET ${column} = NULL`)).rejects.toThrow('permission denied');
    await expect(world.db.read.run(`DELETE FROM ${table}`)).rejects.toThrow('permission denied');
  });

  test('a verdict’s outcome fits its slot', async () => {
    const wrong = { ...credited(), outcome: 'returned' as const };
    await expect(world.deps.transact((tx) => tx.insertVerdict(wrong))).rejects.toThrow('verdicts_outcome_fits');
  });
});
