import type { Transaction } from '../../services/payments/src/transaction/transaction.ts';
import type { Hold } from '../../services/wallet/src/ledger/ledger.ts';
import { heardOf } from './sent.ts';
import type { System } from './system.ts';

/** What is promised of limits, approvals, freezes and the word of two people. Each rule is asked when its rows have changed. */

const sum = (holds: readonly Hold[]): bigint => holds.reduce((total, { amountMinor }) => total + amountMinor, 0n);
const monthOf = (day: string | null): string => (day ?? '').slice(0, 7);
const counts = ({ refusal, settlement }: Hold): boolean => refusal === null && settlement !== 'void';

/** M9: the counters of a wallet are what is held of its day and month, and never more than the limit; who is refused would have been beyond it. */
export function watchLimits({ databases, rules }: System): () => string[] {
  const { wallets, holds } = databases.wallet.port.books;
  const { dailyMinor, monthlyMinor } = rules.limits;
  const seen = new Set(holds.all().map(({ transactionId }) => transactionId));
  return () => {
    const broken: string[] = [];
    for (const { id, userId, currency, countedOn, dayMinor, monthMinor } of wallets.all()) {
      const mine = holds.all().filter((hold) => hold.userId === userId && hold.currency === currency);
      const counted = mine.filter(counts);
      const ofDay = (day: string | null) => sum(counted.filter((hold) => hold.countedOn === day));
      const ofMonth = (day: string | null) => sum(counted.filter((hold) => monthOf(hold.countedOn) === monthOf(day)));
      if (countedOn !== null && (dayMinor !== ofDay(countedOn) || monthMinor !== ofMonth(countedOn)))
        broken.push(
          `M9: wallet ${id} counts ${dayMinor} and ${monthMinor}, where ${ofDay(countedOn)} and ${ofMonth(countedOn)} are held`,
        );
      for (const { transactionId, countedOn: day, refusal, amountMinor } of mine) {
        if (seen.has(transactionId)) continue;
        seen.add(transactionId);
        if (
          refusal === null &&
          (ofDay(day) > (dailyMinor ?? ofDay(day)) || ofMonth(day) > (monthlyMinor ?? ofMonth(day)))
        )
          broken.push(`M9: with ${transactionId}, ${ofDay(day)} are held of ${day}, and ${ofMonth(day)} of its month`);
        const isWrong =
          (refusal === 'daily_limit_exceeded' && ofDay(day) + amountMinor <= (dailyMinor ?? 0n)) ||
          (refusal === 'monthly_limit_exceeded' && ofMonth(day) + amountMinor <= (monthlyMinor ?? 0n));
        if (isWrong) broken.push(`M9: ${transactionId} is refused, and would not pass the limit`);
      }
    }
    return broken;
  };
}

/** M9: what waits for an admin is neither executed nor decided twice, and whatever has to wait does. */
export function watchApprovals({ databases, rules }: System): () => string[] {
  const { port } = databases.payments;
  const withdrawals = () => port.transactions().filter(({ kind }) => kind === 'withdrawal');
  const before = new Map<string, Transaction>(withdrawals().map((row) => [row.id, row]));
  const acts = new Map<string, string>();
  const hear = heardOf(port);
  return () => {
    const broken: string[] = [];
    for (const { type, data } of hear()) {
      if (type !== 'payments.audited.v1') continue;
      if (acts.has(data.about)) broken.push(`M9: ${data.about} is decided twice`);
      acts.set(data.about, data.action);
    }
    const hasCompleted = [...before.values()].some(({ status }) => status === 'completed');
    for (const now of withdrawals()) {
      const { id, approval, executeSentAt, status, amountMinor } = now;
      const was = before.get(id);
      if (was === now) continue;
      before.set(id, now);
      if (was === undefined) {
        const { above, first } = rules.approval;
        const needs = amountMinor > (above.ZAR ?? amountMinor) || (first && !hasCompleted);
        if (needs && approval === null) broken.push(`M9: ${id} does not wait for an approval`);
        if (amountMinor < (rules.amounts.min.ZAR ?? 0n) || amountMinor > (rules.amounts.max.ZAR ?? amountMinor))
          broken.push(`M9: ${amountMinor} is no amount to withdraw`);
        continue;
      }
      const wasOpen = was.status === 'pending' && was.executeSentAt === null;
      if (approval !== was.approval) {
        if (!wasOpen || was.approval !== 'waiting') broken.push(`M9: ${id} is ${approval} when nothing waited`);
        if (acts.get(id) !== `withdrawal_${approval}`) broken.push(`A7: nobody is named who ${approval} ${id}`);
      }
      if (status === 'voiding' && was.status !== status && !wasOpen) broken.push(`F6: ${id} is cancelled too late`);
      if (executeSentAt !== null && approval !== null && approval !== 'approved')
        broken.push(`M9: ${id} is executed, and its approval is ${approval}`);
    }
    return broken;
  };
}

/** M9, against Revio's own books: what nobody has approved is not paid out. */
export function paidUnapproved({ databases, revio }: System): string[] {
  const unapproved = new Set(
    databases.payments.port
      .transactions()
      .filter(({ approval }) => approval === 'waiting' || approval === 'rejected')
      .map(({ id }) => id),
  );
  if (unapproved.size === 0) return [];
  return [...revio.books.payouts.values()]
    .filter(({ request, history }) => history.length > 1 && unapproved.has(request.reference))
    .map(({ request }) => `M9: ${request.reference} is paid out, and nobody approved it`);
}

/** M11: from the commit of a freeze to that of its lifting, by two admins, nothing is held. Told in the same transactions, so the outbox has their order. */
export function watchFrozenHolds({ databases }: System): () => string[] {
  const inForce = new Set<string>();
  const liftedBy = new Map<string, string>();
  const hear = heardOf(databases.wallet.port);
  return () =>
    hear().flatMap(({ type, data }) => {
      // Of the one wallet that there is, or of everything.
      if (type === 'wallet.frozen.v1') inForce.add(data.freeze_id);
      if (type === 'wallet.unfrozen.v1') inForce.delete(data.freeze_id);
      if (type === 'wallet.audited.v1' && data.action === 'freeze_release_proposed')
        liftedBy.set(data.about, data.actor_id);
      if (
        type === 'wallet.audited.v1' &&
        data.action === 'freeze_released' &&
        liftedBy.get(data.about) === data.actor_id
      )
        return [`M11: one admin alone lifts the freeze ${data.about}`];
      const isBroken = type === 'wallet.hold-placed.v1' && inForce.size > 0;
      return isBroken ? [`M11: ${data.transaction_id} is held while frozen`] : [];
    });
}

/** M11: the same of the intent to execute, from the commit in which payments noted the freeze. */
export function watchFrozenIntents({ databases }: System): () => string[] {
  const { port } = databases.payments;
  const isFrozen = ({ userId, currency }: Transaction): boolean =>
    port
      .freezes()
      .some((one) => !one.lifted && (one.userId === null || (one.userId === userId && one.currency === currency)));
  const frozenIds = () =>
    new Set(
      port
        .transactions()
        .filter((row) => row.executeSentAt === null && isFrozen(row))
        .map(({ id }) => id),
    );
  let frozen = frozenIds();
  return () => {
    const broken = port
      .transactions()
      .filter((row) => frozen.has(row.id) && row.executeSentAt !== null && isFrozen(row))
      .map(({ id }) => `M11: ${id} is to be executed while frozen`);
    frozen = port.freezes().length === 0 ? frozen : frozenIds();
    return broken;
  };
}

/** R4: one admin proposes, another decides, and what they decide is told once. */
export function watchVerdicts({ databases }: System): () => string[] {
  const proposedBy = new Map<string, string>();
  const decided = new Set<string>();
  const told = new Set<string>();
  const hear = heardOf(databases.reconciler.port);
  const once = (what: string): string[] => {
    if (told.has(what)) return [`R4: ${what} is told twice`];
    told.add(what);
    return [];
  };
  return () =>
    hear().flatMap(({ type, data }) => {
      if (type === 'reconciler.payout-settled.v1' || type === 'reconciler.payout-failed.v1')
        return once(`the end of ${data.transaction_id}`);
      if (type === 'reconciler.deposit-settled.v1') return once(`the credit of ${data.purchase_id}`);
      if (type === 'reconciler.adjustment-approved.v1') return once(`the adjustment ${data.transaction_id}`);
      if (type !== 'reconciler.audited.v1' || !/^(adjustment|resolution)_/.test(data.action)) return [];
      const { about, actor_id: actor } = data;
      if (data.action.endsWith('_proposed')) {
        proposedBy.set(about, actor);
        return [];
      }
      const isSecond = decided.has(about);
      decided.add(about);
      const isAlone = (proposedBy.get(about) ?? actor) === actor;
      return [
        ...(isSecond ? [`R4: ${about} is decided twice`] : []),
        ...(isAlone ? [`R4: one admin alone has proposed and decided ${about}`] : []),
      ];
    });
}

/** When all is over: each adjustment that two people approved is posted once or refused, and no other is posted. */
export function unfinishedAdjustments({ databases }: System): string[] {
  const { port } = databases.wallet;
  const approved = databases.reconciler.port.enqueuedOf('reconciler.adjustment-approved.v1').map(({ data }) => data);
  const posted = port.books.postings.filter(({ kind }) => kind === 'adjustment');
  const refused = port.enqueuedOf('wallet.posting-refused.v1').map(({ data }) => data.source_id);
  const open = approved.filter(
    ({ transaction_id: id, amount_minor }) =>
      posted.filter((one) => one.sourceId === id && String(one.amountMinor) === amount_minor).length +
        refused.filter((one) => one === id).length !==
      1,
  );
  const strange = posted.filter(({ sourceId }) => !approved.some((one) => one.transaction_id === sourceId));
  return [
    ...open.map(({ transaction_id }) => `R4: the adjustment ${transaction_id} has not ended once`),
    ...strange.map(({ sourceId }) => `R4: nobody approved the adjustment ${sourceId}`),
  ];
}
