import { randomUUID } from 'node:crypto';
import { type Envelope, events, type HoldDecision, type ServiceName } from '#libs/contracts';
import { createMemoryDatabase } from '#libs/db';
import { type Handlers, type MessageSource, memoryMessages, type Received } from '#libs/messaging';
import { type Clock, createKeyed, createLogger, newId } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';
import { addBankAccount } from '../../services/payments/src/bank-account/add-bank-account.ts';
import { requestDeposit } from '../../services/payments/src/deposit/request-deposit.ts';
import { resumeDeposits } from '../../services/payments/src/deposit/resume-deposits.ts';
import { messageHandlers as paymentsHandlers } from '../../services/payments/src/handle-messages.ts';
import { memoryPaymentsTx } from '../../services/payments/src/payments-tx.ts';
import type { Wallet } from '../../services/payments/src/wallet/wallet.ts';
import { cancelWithdrawal } from '../../services/payments/src/withdrawal/cancel-withdrawal.ts';
import { resumeHolds } from '../../services/payments/src/withdrawal/place-hold.ts';
import { requestWithdrawal } from '../../services/payments/src/withdrawal/request-withdrawal.ts';
import { submitPayouts } from '../../services/payments/src/withdrawal/submit-payout.ts';
import { createPause } from '../../services/payments/src/worker/pause.ts';
import { messageHandlers as reconcilerHandlers } from '../../services/reconciler/src/handle-messages.ts';
import { memoryReconcilerTx } from '../../services/reconciler/src/reconciler-store.memory.ts';
import { noOutage, sweep } from '../../services/reconciler/src/sweep.ts';
import { plan, policy } from '../../services/reconciler/test/samples.ts';
import { messageHandlers as walletHandlers } from '../../services/wallet/src/handle-messages.ts';
import { holdFunds } from '../../services/wallet/src/hold-funds.ts';
import { memoryLedger } from '../../services/wallet/src/ledger/ledger-store.memory.ts';
import { memoryRevio } from './memory-revio.ts';

/**
 * Payments, wallet and reconciler in one process over their memory stores: the real operations, handlers and decisions; no broker, no
 * database, no HTTP, and a clock that is moved by hand. Whoever runs it says which message arrives when, how often, and whether at all
 * as a webhook. Isolation between transactions is proven on PostgreSQL only.
 */
export type MemorySystem = Awaited<ReturnType<typeof memorySystem>>;

const logger = createLogger({ name: 'model', level: 'silent' });
const users = ['payments', 'wallet', 'reconciler'] as const;
type User = (typeof users)[number];
const minuteMs = 60_000;

/** A message on its way to one of its listeners. */
export interface Parcel {
  to: User;
  envelope: Envelope;
}

export async function memorySystem() {
  let nowMs = Date.parse('2026-01-01T08:00:00Z');
  const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const source = (name: ServiceName): MessageSource => ({ source: name, newUuid: randomUUID, now: clock.now });
  const revio = memoryRevio(clock.now, randomUUID);

  const walletDb = createMemoryDatabase();
  const { tx: ledger, books } = memoryLedger(walletDb);
  const walletBox = memoryMessages(walletDb, source('wallet'));
  const walletDeps = {
    transact: walletDb.over({ ...ledger, ...walletBox }),
    queue: createKeyed(),
    clock,
    newUuid: randomUUID,
    limitsOf: () => ({ dailyMinor: null, monthlyMinor: null }),
  };

  const paymentsDb = createMemoryDatabase();
  const payments = memoryPaymentsTx(paymentsDb, source('payments'));
  const paymentsDeps = {
    transact: paymentsDb.over(payments),
    clock,
    logger,
    newId,
    newUuid: randomUUID,
    provider: revio.provider,
    wallet: {
      placeHold: async (asked) => {
        const hold = await holdFunds(walletDeps, {
          transactionId: asked.transaction_id,
          userId: asked.user_id,
          currency: asked.currency,
          amountMinor: BigInt(asked.amount_minor),
        });
        if (hold === 'conflict') return { kind: 'impossible', cause: 'conflict' };
        const said = { transaction_id: asked.transaction_id, reason: hold.refusal };
        const decision: HoldDecision =
          hold.refusal === null ? { ...said, decision: 'held' } : { ...said, decision: 'refused' };
        return { kind: 'decided', decision };
      },
    } satisfies Wallet as Wallet,
    sealingKeys: parseSealingKeys(`a:${Buffer.alloc(32, 1).toString('base64')}`),
    webhookEvents: { noteArrival: async () => {}, noteHandling: async () => {} },
    purchasePause: createPause(clock),
    walletPause: createPause(clock),
    payoutPause: createPause(clock),
    wakePayouts: () => {},
    leaseMs: minuteMs,
    duplicateWaitMs: 0,
    retry: { retryMsMin: 1_000, retryMsMax: 10_000 },
    providerPauseMs: 1_000,
    depositDueMs: 60 * minuteMs,
    depositGiveUpMs: 15 * minuteMs,
    payoutFreshMs: 10 * minuteMs,
    depositLimits: { min: {}, max: {} },
    withdrawalLimits: { min: {}, max: {} },
    approvalPolicy: { above: {}, first: false },
    coolOffMs: 0,
    noteUnavailable: () => {},
    noteExecuted: () => {},
    noteFailure: () => {},
  };

  const reconcilerDb = createMemoryDatabase();
  const reconciler = memoryReconcilerTx(reconcilerDb, source('reconciler'));
  const reconcilerDeps = { transact: reconcilerDb.over(reconciler), clock, newUuid: randomUUID, policy, plan };

  const handlers: Record<User, Handlers> = {
    payments: paymentsHandlers(paymentsDeps as never),
    wallet: walletHandlers(walletDeps),
    reconciler: reconcilerHandlers(reconcilerDeps, () => {}),
  };
  const boxes = [payments, walletBox, reconciler];
  const sent = new Set<string>();
  let webhooksTold = 0;

  const userId = randomUUID();
  const account = { userId, bankCode: '250655', bankName: null, holder: 'T MOKOENA', accountNumber: '62000000001' };
  const { id: bankAccountId } = await addBankAccount(paymentsDeps, account);
  const asked = { userId, email: 'user@example.com', currency: 'ZAR' as const };
  const idOf = ({ answer }: { answer: { body: string } }): string => JSON.parse(answer.body).id;

  return {
    revio,
    deposit: async (amountMinor: bigint) =>
      idOf(await requestDeposit(paymentsDeps, { ...asked, amountMinor, idempotencyKey: randomUUID() })),
    /** Null if it is refused. */
    withdraw: async (amountMinor: bigint) => {
      const key = { idempotencyKey: randomUUID() };
      const once = await requestWithdrawal(paymentsDeps, { ...asked, ...key, amountMinor, bankAccountId });
      return once.answer.status === 202 ? idOf(once) : null;
    },
    cancel: (id: string) => cancelWithdrawal(paymentsDeps, { userId, id }).catch(() => null),
    /** One run of each worker of payments. */
    work: async () => {
      await resumeDeposits(paymentsDeps);
      await resumeHolds(paymentsDeps);
      await submitPayouts(paymentsDeps);
    },
    /** What committed transactions have sent since the last call, one parcel for each listener that is here. */
    collect: (): Parcel[] =>
      boxes.flatMap((box) =>
        box.enqueued().flatMap((envelope) => {
          if (sent.has(envelope.id)) return [];
          sent.add(envelope.id);
          const { listeners } = events[envelope.type];
          return users.filter((user) => listeners.some((name) => name === user)).map((to) => ({ to, envelope }));
        }),
      ),
    /** What Revio has told since the last call, as the webhooks service passes it on. */
    collectWebhooks: (): Parcel[] => {
      const news = revio.told.slice(webhooksTold);
      webhooksTold = revio.told.length;
      return news.map((observation) => ({
        to: 'reconciler',
        envelope: {
          id: randomUUID(),
          type: 'webhooks.revio-event-received.v1',
          time: observation.observed_at,
          data: { delivery_id: randomUUID(), event_type: 'an.event', observation },
        } as unknown as Envelope,
      }));
    },
    deliver: async ({ to, envelope }: Parcel): Promise<void> => {
      const handle = handlers[to][envelope.type] as ((event: Received) => Promise<void>) | undefined;
      await handle?.({ ...envelope, attempt: 1 } as Received);
    },
    sweep: () =>
      sweep({
        ...reconcilerDeps,
        pageMax: 100,
        concurrencyMax: 2,
        leaseMs: minuteMs,
        outage: noOutage(),
        pauseMs: minuteMs,
        readProvider: async ({ objectId, objectType }) => {
          const { readPurchase, readPayout } = revio.provider;
          const answer = await (objectType === 'purchase' ? readPurchase : readPayout)(objectId);
          return answer.kind === 'read' ? answer : { kind: 'failed' };
        },
      }),
    pass: (ms: number): void => {
      nowMs += ms;
    },
    transaction: (id: string) => paymentsDeps.transact((tx) => tx.findTransaction(id)),
    books: () => ({ wallets: books.wallets.all(), postings: books.postings.all(), entries: books.entries.all() }),
    cases: () => reconciler.cases(),
  };
}
