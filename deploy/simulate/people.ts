import { Problem } from '#libs/http';
import { approveWithdrawal, rejectWithdrawal } from '../../services/payments/src/approval/decide-approval.ts';
import type { Transaction } from '../../services/payments/src/transaction/transaction.ts';
import { type Case, isOpen } from '../../services/reconciler/src/cases/case.ts';
import { workOnCase } from '../../services/reconciler/src/cases/work-on-case.ts';
import { approveProposal, rejectProposal } from '../../services/reconciler/src/proposals/decide-proposal.ts';
import { contentOf, type Proposal, type ProposalContent } from '../../services/reconciler/src/proposals/proposal.ts';
import { proposeAdjustment, proposeResolution } from '../../services/reconciler/src/proposals/propose.ts';
import { freezeWithdrawals } from '../../services/wallet/src/freezes/freeze-withdrawals.ts';
import { releaseFreeze } from '../../services/wallet/src/freezes/release-freeze.ts';
import type { Chance } from './chance.ts';
import type { Rules } from './rules.ts';
import type { Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

/** Two admins, who may both be at the same thing. */
export interface People {
  /** One thing that one of them might do now; null where it makes no sense. */
  act(): string | null;
  /** Does all that only people can, so that everything can end. */
  finish(): void;
}

const owner = (userId: string) => ({ userId, currency: 'ZAR' as const });
const note = 'somebody looked at it';
const grounds = { reasonCode: 'looked_at', evidence: note };

/** Payouts that nothing but two people ends. */
const undecided = new Set(['unknown_outcome', 'pending_too_long']);
/** What was paid otherwise than asked for: people may credit it. */
const creditable = new Set(['amount_mismatch', 'marked_as_paid']);

export function createPeople(deps: {
  user: { id: string };
  system: System;
  chance: Chance;
  scheduler: Scheduler;
  rules: Rules;
  happened: (what: string) => void;
}): People {
  const { system, chance, scheduler, rules, happened } = deps;
  const { databases, revio } = system;
  const admins = [chance.newUuid(), chance.newUuid()] as const;
  const wallet = owner(deps.user.id);
  /** Cases of deposits that somebody has looked at when all was over. */
  const lookedAt = new Set<string>();

  const withdrawals = (): Transaction[] =>
    databases.payments.port.transactions().filter(({ kind }) => kind === 'withdrawal');
  const isWaiting = ({ approval, status }: Transaction): boolean => approval === 'waiting' && status === 'pending';

  function decide(id: string, isApproval: boolean, admin: string): void {
    const at = system.payments();
    if (at === undefined) return;
    const ask = isApproval ? approveWithdrawal : rejectWithdrawal;
    scheduler.spawn(at.replica.process, () => ask(at.service.deps, { admin: { userId: admin }, id, note }), {
      done: () => happened(isApproval ? 'withdrawal approved' : 'withdrawal refused by an admin'),
      failed: (error) => {
        if (error instanceof Problem && error.code === 'not_awaiting_approval') happened('admin came too late');
      },
      lost: () => {},
    });
  }

  function approve(): string | null {
    // Also what was decided a moment ago: two admins see the same list.
    const asked = withdrawals().filter(({ approval }) => approval !== null);
    if (asked.length === 0) return null;
    const { id } = chance.pick(asked);
    decide(id, chance.percent(65), admins[0]);
    if (chance.percent(25)) decide(id, chance.percent(50), admins[1]);
    return `an admin decides about ${id}`;
  }

  function freeze(): string | null {
    const at = system.wallet();
    if (!rules.freezes || at === undefined) return null;
    const { process } = at.replica;
    const inForce = freezesInForce(system);
    const admin = chance.pick(admins);
    if (inForce.length === 0 || chance.percent(10)) {
      const frozen = { owner: chance.percent(25) ? null : wallet, reason: 'suspicion', frozenBy: admin };
      scheduler.spawn(process, () => freezeWithdrawals(at.service.deps, frozen), quietly);
      return frozen.owner === null ? 'an admin freezes everything' : 'an admin freezes the wallet';
    }
    const freezeId = chance.pick(inForce);
    scheduler.spawn(process, () => releaseFreeze(at.service.deps, { freezeId, adminId: admin }), {
      ...quietly,
      done: (released) => {
        if (!released.ok && released.refusal === 'other_admin_needed')
          happened('second word of the same admin refused');
      },
    });
    return 'an admin would lift a freeze';
  }

  function lift(freezeId: string): void {
    const at = system.wallet();
    if (at === undefined) return;
    const work = async () => {
      // The second of them, whoever proposed it.
      for (const adminId of [...admins, admins[0]]) await releaseFreeze(at.service.deps, { freezeId, adminId });
    };
    scheduler.spawn(at.replica.process, work, quietly);
  }

  /** What one of them says of a case; mostly what Revio's books say. */
  function ideaOf({ objectId, transactionId }: Case, isRight: boolean) {
    if (transactionId?.startsWith('dep_')) {
      const purchase = revio.books.purchases.get(objectId ?? '');
      const paidMinor = purchase?.paid?.amountMinor ?? purchase?.amountMinor ?? 0;
      return { outcome: 'credit_this_purchase', amountMinor: BigInt(paidMinor) + (isRight ? 0n : 500n) } as const;
    }
    const status = revio.books.payouts.get(objectId ?? '')?.status;
    const isOut = (status === 'pending' || status === 'success') === isRight;
    return { outcome: isOut ? 'executed' : 'not_executed', amountMinor: null } as const;
  }

  /**
   * Whether the second of them agrees. Whatever Revio contradicts is for the code to refuse; only a payout that Revio never executed must
   * not be called executed, as nobody but they would know.
   */
  function agrees(content: ProposalContent): boolean {
    if (content.kind === 'adjustment') return chance.percent(80);
    return content.outcome !== 'executed' || revio.books.payouts.get(content.object_id)?.status !== 'initialized';
  }

  type Reconciler = NonNullable<ReturnType<System['reconciler']>>['service']['people'];
  const propose = (at: Reconciler, about: Case, admin: string, isRight: boolean) =>
    proposeResolution(at, personOf(admin), { ...grounds, ...ideaOf(about, isRight), caseId: about.id });

  async function decideOn(at: Reconciler, proposalId: string, admin: string): Promise<void> {
    const proposal = await at.transact((tx) => tx.findProposal(proposalId));
    if (proposal === null) return;
    const decision = { proposalId, person: personOf(admin), contentHash: proposal.contentHash, note: null };
    const decided = await (agrees(contentOf(proposal)) ? approveProposal : rejectProposal)(at, decision);
    if (typeof decided !== 'string') return noteDecided(decided);
    if (decided === 'self_approval') happened('second word of the same admin refused');
    if (decided === 'contradicted') happened('resolution contradicted by Revio');
    if (decided === 'already_settled' && proposal.caseId !== null)
      await workOnCase(at, proposal.caseId, personOf(admin), { step: 'resolve', note });
  }

  function noteDecided(decided: Proposal): void {
    const content = contentOf(decided);
    if (decided.state === 'rejected') happened('proposal rejected by the other admin');
    else if (content.kind === 'adjustment') happened('adjustment approved by two people');
    else if (content.outcome === 'credit_this_purchase') happened('purchase credited by two people');
    else happened(`payout resolved by two people as ${content.outcome === 'executed' ? '' : 'not '}executed`);
  }

  const openCases = (causes: ReadonlySet<string>) =>
    databases.reconciler.port
      .cases()
      .filter((one) => causes.has(one.cause) && isOpen(one) && one.objectId !== null && one.transactionId !== null);

  function inReconciler(work: (at: Reconciler) => Promise<unknown>): boolean {
    const at = system.reconciler();
    if (at === undefined) return false;
    scheduler.spawn(at.replica.process, () => work(at.service.people), quietly);
    return true;
  }

  function resolve(): string | null {
    const open = proposalsOpen(system);
    const admin = chance.pick(admins);
    if (open.length > 0 && chance.percent(70)) {
      const id = chance.pick(open);
      return inReconciler((at) => decideOn(at, id, admin)) ? `an admin decides about ${id}` : null;
    }
    const cases = [...openCases(undecided), ...openCases(creditable)];
    if (cases.length === 0) return null;
    const about = chance.pick(cases);
    const isRight = chance.percent(75);
    return inReconciler((at) => propose(at, about, admin, isRight)) ? `an admin proposes about ${about.about}` : null;
  }

  function adjust(): string | null {
    const open = proposalsOpen(system).length > 0;
    if (open) return resolve();
    const idea = {
      ...{ ...grounds, ...wallet, caseId: null },
      amountMinor: chance.pick([300n, 900n, 20_000n]),
      direction: chance.pick(['credit', 'debit'] as const),
    };
    const admin = chance.pick(admins);
    return inReconciler((at) => proposeAdjustment(at, personOf(admin), idea))
      ? 'an admin proposes an adjustment'
      : null;
  }

  return {
    act: () => {
      const roll = chance.below(100);
      if (roll < 45) return approve();
      if (roll < 75) return freeze();
      if (roll < 93) return resolve();
      return adjust();
    },
    finish: () => {
      for (const freezeId of freezesInForce(system)) lift(freezeId);
      for (const { id } of withdrawals().filter(isWaiting)) decide(id, chance.percent(75), chance.pick(admins));
      const unseen = openCases(creditable).filter(({ id }) => !lookedAt.has(id));
      for (const { id } of openCases(creditable)) lookedAt.add(id);
      for (const about of [...openCases(undecided), ...unseen]) {
        const isRight = chance.percent(75);
        inReconciler(async (reconciler) => {
          const proposed = await propose(reconciler, about, admins[0], isRight);
          if (typeof proposed !== 'string') await decideOn(reconciler, proposed.id, admins[1]);
        });
      }
    },
  };
}

const quietly = { done: () => {}, failed: () => {}, lost: () => {} };

const personOf = (userId: string) => ({ userId, role: 'admin' as const });

/** As the wallet has told of them, in the order of its commits. */
export function freezesInForce({ databases }: Pick<System, 'databases'>): string[] {
  const { port } = databases.wallet;
  const lifted = new Set(port.enqueuedOf('wallet.unfrozen.v1').map(({ data }) => data.freeze_id));
  return port
    .enqueuedOf('wallet.frozen.v1')
    .map(({ data }) => data.freeze_id)
    .filter((id) => !lifted.has(id));
}

/** Proposals that nobody has decided. */
function proposalsOpen({ databases }: System): string[] {
  const acts = databases.reconciler.port.enqueuedOf('reconciler.audited.v1').map(({ data }) => data);
  const decided = new Set(acts.filter(({ action }) => !action.endsWith('_proposed')).map(({ about }) => about));
  return acts
    .filter(({ action, about }) => action.endsWith('_proposed') && !decided.has(about))
    .map(({ about }) => about);
}
