import { Problem } from '#libs/http';
import { requestDeposit } from '../../services/payments/src/deposit/request-deposit.ts';
import { cancelWithdrawal } from '../../services/payments/src/withdrawal/cancel-withdrawal.ts';
import { requestWithdrawal } from '../../services/payments/src/withdrawal/request-withdrawal.ts';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import { signed } from './revio.ts';
import type { Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

/** A request of the user, which is sent again with the same key until it is answered, as clients do (F1). */
export interface Request {
  kind: 'deposit' | 'withdrawal';
  key: string;
  amountMinor: bigint;
  inFlight: number;
  /** Undefined until it is answered for good. */
  answer: { id: string | null; status: number } | undefined;
}

/** Whoever the schedule is about, and what was asked before it. */
export interface User {
  id: string;
  bankAccountId: string;
  requests: readonly Request[];
}

export interface Story {
  requests: Request[];
  /** One thing that a user, a payer, a bank or the merchant's people might do now; null where it makes no sense. */
  act(): string | null;
  /** Asks for a first deposit, large enough for all withdrawals. */
  fund(): void;
  payFirst(): void;
  withdraw(): void;
  /** Sends again what has no answer. True when all have theirs. */
  insist(): boolean;
  /** Delivers the nth webhook. */
  deliverWebhook(n: number): string;
}

const amounts = [1_000n, 2_500n, 4_000n];
/** Of each kind, with those from the beginning. Many at once meet each other, few meet more of what goes wrong. */
const requestsMaxOf = [1, 2, 3];

export function createStory(deps: {
  user: User;
  system: System;
  chance: Chance;
  scheduler: Scheduler;
  faults: Faults;
  happened: (what: string) => void;
}): Story {
  const { system, chance, scheduler, faults, happened } = deps;
  const { revio, databases } = system;
  const { id: userId, bankAccountId } = deps.user;
  const asked = { userId, email: 'user@example.com', currency: 'ZAR' as const };
  const requests = deps.user.requests.map((request) => ({ ...request }));
  const expired = new Set<string>();
  const requestsMax = chance.pick(requestsMaxOf);

  function send(request: Request): void {
    const at = system.payments();
    if (at === undefined) return;
    const { deps: payments } = at.service;
    const { key: idempotencyKey, amountMinor } = request;
    request.inFlight += 1;
    const ended = (answer?: Request['answer']) => {
      request.inFlight -= 1;
      if (answer !== undefined && request.answer === undefined) request.answer = answer;
    };
    const work = () =>
      request.kind === 'deposit'
        ? requestDeposit(payments, { ...asked, amountMinor, idempotencyKey })
        : requestWithdrawal(payments, { ...asked, amountMinor, idempotencyKey, bankAccountId });
    scheduler.spawn(at.replica.process, work, {
      done: ({ answer }) => {
        const body = JSON.parse(answer.body) as { id?: string; transaction_id?: string };
        ended({ id: body.id ?? null, status: answer.status });
      },
      failed: (error) => {
        if (error instanceof Problem && error.code.startsWith('amount_')) happened('withdrawal refused by its amount');
        const isFinal = error instanceof Problem && error.status < 500 && error.status !== 409;
        ended(isFinal ? { id: null, status: error.status } : undefined);
      },
      lost: () => ended(),
    });
  }

  function begin(kind: Request['kind']): string | null {
    if (requests.filter((request) => request.kind === kind).length >= requestsMax) return null;
    const request: Request = {
      ...{ kind, key: chance.newUuid(), amountMinor: chance.pick(amounts), inFlight: 0, answer: undefined },
    };
    requests.push(request);
    send(request);
    if (chance.percent(10)) send(request);
    return `the user asks for a ${kind} of ${request.amountMinor}`;
  }

  function cancel(): string | null {
    const open = requests.filter(({ kind, answer }) => kind === 'withdrawal' && answer?.status === 202);
    const at = system.payments();
    if (open.length === 0 || at === undefined) return null;
    const id = chance.pick(open).answer?.id ?? '';
    const work = () => cancelWithdrawal(at.service.deps, { userId, id });
    scheduler.spawn(at.replica.process, work, {
      done: () => happened('cancel won'),
      failed: (error) => {
        if (error instanceof Problem && error.code === 'not_cancellable') happened('cancel lost');
      },
      lost: () => {},
    });
    return `the user cancels ${id}`;
  }

  /** Only a purchase that payments keeps can be paid: the page of any other was shown to nobody. */
  function pay(): string | null {
    const shown = [...revio.books.purchases.values()].filter(({ id }) => isKnown(id));
    if (shown.length === 0) return null;
    const purchase = chance.pick(shown);
    const { world } = revio;
    if (purchase.paid !== null) {
      const half = Math.ceil(purchase.amountMinor / 2);
      const left = chance.percent(70);
      if (chance.percent(60)) return null;
      return world.refund(purchase, left ? half : undefined) || world.chargeBack(purchase)
        ? `some of ${purchase.id} goes back`
        : null;
    }
    if (!expired.has(purchase.id) && chance.percent(30)) {
      if (!world.expire(purchase)) return null;
      expired.add(purchase.id);
      return `${purchase.id} expires`;
    }
    if (chance.percent(10)) return world.decline(purchase) ? `a card is declined for ${purchase.id}` : null;
    if (faults.strikes('another amount is paid', 3))
      return world.pay(purchase, purchase.amountMinor + 500) ? 'too much is paid' : null;
    if (faults.strikes('somebody marks it as paid', 2)) return world.markAsPaid(purchase) ? 'marked as paid' : null;
    if (!world.pay(purchase)) return null;
    if (expired.has(purchase.id)) happened('late paid after expired');
    return `${purchase.id} is paid`;
  }

  function bank(): string | null {
    const executed = [...revio.books.payouts.values()].filter(
      ({ status }) => status === 'pending' || status === 'success',
    );
    if (executed.length === 0) return null;
    const { id, status } = chance.pick(executed);
    const { world } = revio;
    if (status === 'success') return chance.percent(15) && world.payoutReturns(id) ? `the bank returns ${id}` : null;
    if (chance.percent(70)) return world.payoutSucceeds(id) ? `the bank pays ${id}` : null;
    return world.payoutFails(id) ? `the bank refuses ${id}` : null;
  }

  return {
    requests,
    fund: () => {
      const request: Request = {
        ...{ kind: 'deposit', key: chance.newUuid(), amountMinor: 6_000n, inFlight: 0, answer: undefined },
      };
      requests.push(request);
      send(request);
    },
    withdraw: () => void begin('withdrawal'),
    payFirst: () => {
      for (const purchase of revio.books.purchases.values()) revio.world.pay(purchase);
    },
    act: () => {
      const roll = chance.below(100);
      if (roll < 15) return begin('deposit');
      if (roll < 45) return begin('withdrawal');
      if (roll < 56) return cancel();
      if (roll < 75) return pay();
      return bank();
    },
    insist: () => {
      const open = requests.filter(({ answer }) => answer === undefined);
      for (const request of open) if (request.inFlight === 0) send(request);
      return open.length === 0;
    },
    deliverWebhook: (n) => {
      const [webhook] = revio.webhooks.splice(n, 1);
      const at = system.webhooks();
      if (webhook === undefined) throw new Error('no such webhook');
      const again = () => void revio.webhooks.push(webhook);
      if (at === undefined || faults.strikes(`the webhook ${webhook.event} does not reach us`, 5)) {
        again();
        return 'nobody takes a webhook';
      }
      if (webhook.event.startsWith('purchase')) noteEarly(webhook.objectId);
      const { body, signature } = signed(webhook);
      const isForged = faults.strikes('somebody else signs', 2);
      const isTwice = faults.strikes('the webhook comes twice', 8);
      const forged = `${signature.slice(0, 20)}AAAA${signature.slice(24)}`;
      scheduler.spawn(at.replica.process, () => at.service.receive(body, isForged ? forged : signature), {
        done: ({ receipt }) => {
          if (isTwice || isForged) again();
          if (receipt === 'duplicate') happened('webhook duplicate dropped');
        },
        failed: again,
        lost: again,
      });
      return `Revio delivers ${webhook.event} of ${webhook.objectId}`;
    },
  };

  /** The event of a purchase that its own creation has not answered yet. */
  function noteEarly(objectId: string): void {
    if (!isKnown(objectId)) happened('webhook before answer');
  }
  function isKnown(purchaseId: string): boolean {
    return databases.payments.port
      .enqueuedOf('payments.purchase-created.v1')
      .some(({ data }) => data.purchase_id === purchaseId);
  }
}
