import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '#libs/contracts';
import { openCase } from '../src/cases/open-case.ts';
import { workOnCase } from '../src/cases/work-on-case.ts';
import { observe } from '../src/observe.ts';
import type { Person } from '../src/people/act.ts';
import { type ApproveDeps, approveProposal, rejectProposal } from '../src/proposals/decide-proposal.ts';
import { endAdjustment } from '../src/proposals/end-adjustment.ts';
import type { Proposal, ResolutionContent } from '../src/proposals/proposal.ts';
import { type ProposeDeps, proposeAdjustment, proposeResolution } from '../src/proposals/propose.ts';
import { at, payout, purchase, userId } from './samples.ts';
import {
  memoryWorld,
  newDepositId,
  newWithdrawalId,
  type PostgresWorld,
  payoutTold,
  postgresWorld,
  purchaseTold,
  type World,
} from './worlds.ts';

const worlds: { name: string; open: () => Promise<World> }[] = [
  { name: 'PostgreSQL', open: postgresWorld },
  { name: 'memory', open: async () => memoryWorld() },
];

const admin = (): Person => ({ userId: randomUUID(), role: 'admin' });
const [maker, checker] = [admin(), admin()];
const ttlMs = 3_600_000;

/** The operations of people over a world whose Revio says what a test tells it to. */
function peopleIn(world: World) {
  const revio: { says: Observation | null } = { says: null };
  const deps: ApproveDeps & ProposeDeps = {
    ...world.deps,
    // Of Revio itself it is not confirmed that the window closes: then people decide.
    policy: { ...world.deps.policy, executeWindowEnforced: false },
    proposalTtlMs: ttlMs,
    readProvider: async () =>
      revio.says === null
        ? { kind: 'unavailable', retryAfterMs: 1 }
        : { kind: 'read', observation: { ...revio.says, source: 'read' } },
  };
  const { transact } = deps;
  const caseAbout = async (transactionId: string, objectId: string, cause = 'unknown_outcome') => {
    const found = { cause, about: objectId, transactionId, objectId, evidence: {} };
    await transact((tx) => openCase(tx, deps, found));
    const cases = await transact((tx) => tx.listCases(999));
    return cases.find((one) => one.about === objectId && one.cause === cause)?.id ?? '';
  };
  return {
    deps,
    revio,
    caseAbout,
    /** A payout that was executed of which nobody knows what became, and its case. */
    unknownPayout: async () => {
      const [transactionId, objectId] = [newWithdrawalId(), randomUUID()];
      await payoutTold(deps, transactionId, objectId);
      revio.says = payout('initialized', {
        object_id: objectId,
        reference: transactionId,
        source: 'read',
        provider_date: at(9_999).toISOString(),
      });
      return { transactionId, objectId, caseId: await caseAbout(transactionId, objectId) };
    },
    adjust: (changed: object = {}) =>
      proposeAdjustment(deps, maker, {
        userId,
        currency: 'ZAR',
        amountMinor: 500n,
        direction: 'credit',
        reasonCode: 'goodwill',
        evidence: 'ticket 7',
        caseId: null,
        ...changed,
      }).then(made),
    resolve: (caseId: string, outcome: ResolutionContent['outcome'], amountMinor: bigint | null = null, by = maker) =>
      proposeResolution(deps, by, {
        caseId,
        outcome,
        amountMinor,
        reasonCode: 'bank_said_so',
        evidence: 'letter',
      }).then(made),
    approve: ({ id, contentHash }: Proposal, person = checker) =>
      approveProposal(deps, { proposalId: id, person, contentHash, note: null }),
    reject: ({ id, contentHash }: Proposal, person = checker) =>
      rejectProposal(deps, { proposalId: id, person, contentHash, note: 'no' }),
    historyOf: async (caseId: string) =>
      (await transact((tx) => tx.actsOf(caseId, 99))).map(({ action, actorId }) => [action, actorId]),
    caseOf: (caseId: string) => transact((tx) => tx.lockCase(caseId)),
  };
}

const made = <Made extends object>(result: Made | string): Made => {
  if (typeof result === 'string') throw new Error(result);
  return result;
};

describe.each(worlds)('people on $name', ({ open }) => {
  let world: World;
  let people: ReturnType<typeof peopleIn>;
  beforeAll(async () => {
    world = await open();
    people = peopleIn(world);
  });
  beforeEach(() => {
    world.time.now = 10_000;
  });
  afterAll(() => world?.close());

  const sentAbout = async (type: Parameters<World['sent']>[0], id: string) =>
    (await world.sent(type)).filter(({ correlationid }) => correlationid === id).map(({ data }) => data);

  test('R4: who proposes the same again, because the answer was lost, has proposed it once; decided or expired it is another', async () => {
    const idea = { evidence: 'proposed again' };
    const first = await people.adjust(idea);
    expect((await people.adjust(idea)).id).toBe(first.id);
    const atOnce = (evidence: (n: number) => string) =>
      Promise.all(Array.from({ length: 50 }, (_, n) => people.adjust({ evidence: evidence(n) })));
    await atOnce((n) => `of fifty, number ${n}`); // opens every connection
    for (const round of [1, 2, 3, 4, 5])
      expect(new Set((await atOnce(() => `round ${round}`)).map(({ id }) => id)).size).toBe(1);
    expect((await people.adjust({ ...idea, amountMinor: 501n })).id).not.toBe(first.id);
    await people.approve(first);
    const second = await people.adjust(idea);
    expect(second.id).not.toBe(first.id);
    world.time.now = 10_000 + 2 * 86_400;
    expect((await people.adjust(idea)).id).not.toBe(second.id);
  });

  test('R4: a case is taken up, talked about, dismissed and taken up again; every step has its person and time', async () => {
    const caseId = await people.caseAbout(newDepositId(), randomUUID(), 'amount_mismatch');
    const step = (work: Parameters<typeof workOnCase>[3]) => workOnCase(people.deps, caseId, maker, work);
    expect(await step({ step: 'assign', assignee: checker.userId })).toMatchObject({
      status: 'in_review',
      assignee: checker.userId,
    });
    await step({ step: 'comment', note: 'asked the bank' });
    expect(await step({ step: 'dismiss', note: 'a test' })).toMatchObject({
      status: 'dismissed',
      closedAt: at(10_000),
    });
    expect(await step({ step: 'resolve', note: 'x' })).toBe('case_closed');
    expect(await step({ step: 'assign', assignee: maker.userId })).toMatchObject({
      status: 'in_review',
      closedAt: null,
    });
    expect(await step({ step: 'resolve', note: 'credited' })).toMatchObject({ status: 'resolved' });
    expect(await step({ step: 'assign', assignee: maker.userId })).toBe('case_closed');
    await step({ step: 'comment', note: 'thanks' });
    expect((await people.historyOf(caseId)).map(([action]) => action)).toEqual([
      'case_assigned',
      'case_commented',
      'case_dismissed',
      'case_assigned',
      'case_resolved',
      'case_commented',
    ]);
    expect(
      (await world.sent('reconciler.audited.v1')).filter(({ data }) => 'about' in data && data.about === caseId),
    ).toHaveLength(6);
    expect(await workOnCase(people.deps, randomUUID(), maker, { step: 'comment', note: 'x' })).toBe('not_found');
  });

  test('R4: an adjustment is told to the wallet when another admin approves what was proposed, and ends as the wallet says', async () => {
    const [posted, refused] = [await people.adjust(), await people.adjust({ direction: 'debit' })];
    for (const proposal of [posted, refused]) {
      expect(await people.approve(proposal, maker)).toBe('self_approval');
      expect(await people.approve({ ...proposal, contentHash: 'f'.repeat(64) })).toBe('content_changed');
      expect(await people.approve(proposal)).toMatchObject({ state: 'approved', decidedBy: checker.userId });
      expect(await people.approve(proposal, admin())).toBe('already_decided');
      expect(await people.reject(proposal)).toBe('already_decided');
    }
    expect(await sentAbout('reconciler.adjustment-approved.v1', refused.id)).toEqual([
      { transaction_id: refused.id, user_id: userId, currency: 'ZAR', amount_minor: '500', direction: 'debit' },
    ]);
    const id = randomUUID();
    for (const each of [id, id, randomUUID()]) await endAdjustment(people.deps, each, posted.id, null);
    await endAdjustment(people.deps, randomUUID(), refused.id, 'insufficient_funds');
    const found = (proposal: Proposal) => people.deps.transact((tx) => tx.findProposal(proposal.id));
    expect(await found(posted)).toMatchObject({ state: 'executed', failure: null });
    expect(await found(refused)).toMatchObject({ state: 'failed', failure: 'insufficient_funds' });
  });

  test('R4: nobody approves what has expired or was rejected', async () => {
    const [expired, rejected] = [await people.adjust(), await people.adjust({ evidence: 'ticket 8' })];
    expect(await people.reject(rejected, maker)).toBe('self_approval');
    expect(await people.reject(rejected)).toMatchObject({ state: 'rejected', note: 'no' });
    expect(await people.approve(rejected, admin())).toBe('already_decided');
    world.time.now += ttlMs / 1_000;
    expect(await people.approve(expired)).toBe('proposal_expired');
    expect(await sentAbout('reconciler.adjustment-approved.v1', expired.id)).toEqual([]);
  });

  test('R4 M6: of fifty admins who approve at once, one does', async () => {
    const proposal = await people.adjust();
    const answers = await Promise.all(Array.from({ length: 50 }, () => people.approve(proposal, admin())));
    expect(answers.filter((answer) => answer === 'already_decided')).toHaveLength(49);
    expect(await sentAbout('reconciler.adjustment-approved.v1', proposal.id)).toHaveLength(1);
  });

  test.each([
    ['executed', 'reconciler.payout-settled.v1', 'settled'],
    ['not_executed', 'reconciler.payout-failed.v1', 'failed'],
  ] as const)(
    'R4 M3: an unknown payout ends as %s by the ordinary verdict of two people, once',
    async (outcome, event, word) => {
      const { transactionId, caseId } = await people.unknownPayout();
      expect(await workOnCase(people.deps, caseId, maker, { step: 'resolve', note: 'x' })).toBe('outcome_unknown');
      const other = admin();
      const first = await people.resolve(caseId, outcome);
      const second = await people.resolve(caseId, 'executed', null, other);
      expect(await people.approve(first, maker)).toBe('self_approval');
      expect(await people.approve(first)).toMatchObject({ state: 'executed' });
      expect(await people.approve(second)).toBe('already_settled');
      expect(await world.verdicts(transactionId)).toMatchObject([{ slot: 'payout', outcome: word, reason: outcome }]);
      expect(await sentAbout(event, transactionId)).toHaveLength(1);
      expect(await people.caseOf(caseId)).toMatchObject({ status: 'resolved' });
      expect(await people.historyOf(caseId)).toEqual([
        ['resolution_proposed', maker.userId],
        ['resolution_proposed', other.userId],
        ['resolution_approved', checker.userId],
      ]);
    },
  );

  test.each(['pending', 'sent_by_pigeon'])('I8: "not executed" is refused while Revio says %s', async (status) => {
    const { transactionId, objectId, caseId } = await people.unknownPayout();
    const proposal = await people.resolve(caseId, 'not_executed');
    people.revio.says = payout(status, { object_id: objectId, reference: transactionId, source: 'read' });
    expect(await people.approve(proposal)).toBe('contradicted');
    expect(await world.verdicts(transactionId)).toEqual([]);
  });

  test('I8: "not executed" is refused while an execution may still be accepted, and when Revio cannot be asked', async () => {
    const { transactionId, caseId } = await people.unknownPayout();
    const proposal = await people.resolve(caseId, 'not_executed');
    const { says } = people.revio;
    people.revio.says = says && { ...says, provider_date: at(60).toISOString() };
    expect(await people.approve(proposal)).toBe('contradicted');
    people.revio.says = null;
    expect(await people.approve(proposal)).toBe('provider_unavailable');
    people.revio.says = says;
    expect(await people.approve(proposal)).toMatchObject({ state: 'executed' });
    expect(await world.verdicts(transactionId)).toHaveLength(1);
  });

  test('I8: of a payout that Revio does not show, "not executed" waits until no execution of ours can be under way', async () => {
    const { objectId, caseId } = await people.unknownPayout();
    const absentAt = (seconds: number): void => {
      world.time.now = seconds;
      const time = at(seconds).toISOString();
      people.revio.says = {
        ...{ object_type: 'absent', object_id: objectId, source: 'read' },
        ...{ observed_at: time, provider_date: time },
      };
    };
    const proposal = await people.resolve(caseId, 'not_executed');
    absentAt(600);
    expect(await people.approve(proposal)).toBe('contradicted');
    absentAt(9_999);
    expect(await people.approve(proposal)).toMatchObject({ state: 'executed' });
  });

  test('I8: a payout that Revio did not show and that two people released is an alarm as soon as it turns out paid', async () => {
    const { transactionId, objectId, caseId } = await people.unknownPayout();
    const time = at(9_999).toISOString();
    people.revio.says = {
      ...{ object_type: 'absent', object_id: objectId, source: 'read' },
      ...{ observed_at: time, provider_date: time },
    };
    await people.approve(await people.resolve(caseId, 'not_executed'));
    // Delivered late, of a moment before the two decided.
    const paid = payout('success', { object_id: objectId, reference: transactionId }, 9_000);
    const delivered = { ...paid, observed_at: at(10_100).toISOString(), scheme: 'timestamped' as const };
    expect(await observe(people.deps, { observation: delivered, deliveryId: randomUUID() })).toEqual({
      readWanted: true,
    });
  });

  test('R4: a case of a payout that nobody has decided is not closed by one person, whatever its cause', async () => {
    const { transactionId, objectId, caseId } = await people.unknownPayout();
    const others = [await people.caseAbout(transactionId, objectId, 'object_absent'), caseId];
    for (const id of others)
      for (const step of ['dismiss', 'resolve'] as const)
        expect(await workOnCase(people.deps, id, maker, { step, note: 'x' })).toBe('outcome_unknown');
    await people.approve(await people.resolve(caseId, 'executed'));
    expect(await workOnCase(people.deps, others[0] ?? '', maker, { step: 'dismiss', note: 'x' })).toMatchObject({
      status: 'dismissed',
    });
  });

  test('M7: a purchase that somebody marked as paid has no money behind it, and nobody credits it', async () => {
    const [transactionId, objectId] = [newDepositId(), randomUUID()];
    await purchaseTold(people.deps, transactionId, objectId);
    people.revio.says = purchase('paid', {
      ...{ object_id: objectId, reference: transactionId, source: 'read', marked_as_paid: true },
    });
    const caseId = await people.caseAbout(transactionId, objectId, 'marked_as_paid');
    expect(await people.approve(await people.resolve(caseId, 'credit_this_purchase', 15_000n))).toBe('contradicted');
    expect(await world.verdicts(transactionId)).toEqual([]);
  });

  test('M7: a fresh read that settles the matter itself leaves people nothing to decide', async () => {
    const { transactionId, objectId, caseId } = await people.unknownPayout();
    const proposal = await people.resolve(caseId, 'not_executed');
    people.revio.says = payout('success', { object_id: objectId, reference: transactionId, source: 'read' });
    expect(await people.approve(proposal)).toBe('already_settled');
    expect(await world.verdicts(transactionId)).toMatchObject([{ outcome: 'settled', reason: 'paid_out' }]);
  });

  test('R4 M7: a purchase that was paid with another amount is credited as it was paid, once', async () => {
    const [transactionId, objectId] = [newDepositId(), randomUUID()];
    await purchaseTold(people.deps, transactionId, objectId);
    const paid = purchase('paid', { object_id: objectId, reference: transactionId, source: 'read' });
    people.revio.says = { ...paid, payment: paid.payment && { ...paid.payment, amount_minor: '14000' } };
    const caseId = await people.caseAbout(transactionId, objectId, 'amount_mismatch');
    expect(await people.approve(await people.resolve(caseId, 'credit_this_purchase', 15_000n))).toBe('contradicted');
    const right = await people.resolve(caseId, 'credit_this_purchase', 14_000n);
    const again = await people.resolve(caseId, 'credit_this_purchase', 14_000n, admin());
    expect(await people.approve(right)).toMatchObject({ state: 'executed' });
    expect(await people.approve(again)).toBe('already_settled');
    expect(await sentAbout('reconciler.deposit-settled.v1', transactionId)).toMatchObject([
      { purchase_id: objectId, amount_minor: '14000' },
    ]);
  });
});

describe('the database itself', () => {
  let world: PostgresWorld;
  let proposal: Proposal;
  const another = randomUUID();
  beforeAll(async () => {
    world = await postgresWorld();
  });
  beforeEach(async () => {
    world.time.now = 10_000;
    proposal = await peopleIn(world).adjust();
  });
  afterAll(() => world?.close());

  const decideAs = (by: string, state = 'approved', at_ = at(10_001)) =>
    world.db.read.run('UPDATE proposals SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1', [
      proposal.id,
      state,
      by,
      at_,
    ]);

  test('R4: refuses self-approval, an approval too late, by nobody, and one that skips the decision', async () => {
    await expect(decideAs(maker.userId)).rejects.toMatchObject({ constraint: 'proposals_two_people' });
    await expect(decideAs(another, 'approved', proposal.expiresAt)).rejects.toMatchObject({
      constraint: 'proposals_decided_in_time',
    });
    await expect(decideAs(another, 'executed')).rejects.toMatchObject({ constraint: 'proposals_decided_once' });
    const byNobody = `UPDATE proposals SET state = 'approved' WHERE id = $1`;
    await expect(world.db.read.run(byNobody, [proposal.id])).rejects.toMatchObject({
      constraint: 'proposals_decided_by_somebody',
    });
  });

  test('R4: refuses a second decision and a second execution, by whomever', async () => {
    expect(await decideAs(another)).toBe(1);
    await expect(decideAs(randomUUID())).rejects.toMatchObject({ constraint: 'proposals_decided_once' });
    const end = (state: string) =>
      world.db.read.run('UPDATE proposals SET state = $2 WHERE id = $1', [proposal.id, state]);
    expect(await end('executed')).toBe(1);
    for (const state of ['executed', 'approved', 'proposed'])
      await expect(end(state)).rejects.toMatchObject({ constraint: 'proposals_decided_once' });
  });

  test('R4: refuses a proposal that comes approved, and content that is not what its hash says', async () => {
    const columns =
      'id, kind, content, content_hash, proposed_by, proposed_at, expires_at, state, decided_by, decided_at';
    const copy = (state: string, content: string) =>
      world.db.read.run(
        `INSERT INTO proposals (${columns})
         SELECT id || 'x', kind, ${content}, content_hash, proposed_by, proposed_at, expires_at, '${state}', $2::uuid,
           CASE WHEN $2::uuid IS NOT NULL THEN proposed_at END
         FROM proposals WHERE id = $1`,
        [proposal.id, state === 'proposed' ? null : another],
      );
    await expect(copy('approved', 'content')).rejects.toMatchObject({ constraint: 'proposals_decided_once' });
    await expect(copy('proposed', `replace(content, '500', '900')`)).rejects.toMatchObject({
      constraint: 'proposals_content_unchanged',
    });
  });

  test('R4: content that a superuser changed can neither be kept nor, with its hash, be approved as what was read', async () => {
    const client = new pg.Client({ connectionString: world.ownerUrl });
    await client.connect();
    const changed = `replace(content, '500', '900')`;
    const change = (columns: string) => client.query(`UPDATE proposals SET ${columns} WHERE id = $1`, [proposal.id]);
    await expect(change(`content = ${changed}`)).rejects.toThrow('once');
    await client.query('ALTER TABLE proposals DISABLE TRIGGER proposals_decided_once');
    await expect(change(`content = ${changed}`)).rejects.toThrow('proposals_content_unchanged');
    await change(`content = ${changed}, content_hash = encode(sha256(convert_to(${changed}, 'UTF8')), 'hex')`);
    await client.query('ALTER TABLE proposals ENABLE TRIGGER proposals_decided_once');
    await client.end();
    expect(await peopleIn(world).approve(proposal)).toBe('content_changed');
  });
});
