import type { RequestListener } from 'node:http';
import supertest from 'supertest';
import { signInternalToken, type UserActor } from '#libs/auth';
import type { EventData, EventType, ServiceName } from '#libs/contracts';
import { createApp, createClient } from '#libs/http';
import type { Received } from '#libs/messaging';
import { type RevioSimulator, type RevioSimulatorOptions, startRevioSimulator } from '#libs/revio-simulator';
import { type Clock, newId, newUuid } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';
import { createMetrics } from '#libs/telemetry';
import type { Deps } from '../src/deps.ts';
import { messageHandlers } from '../src/handle-messages.ts';
import { createExportSlots } from '../src/history/export-transactions.ts';
import { postgresHistory } from '../src/history/history-store.ts';
import { postgresWebhookEvents } from '../src/history/webhook-event-store.ts';
import { createRevioProvider } from '../src/revio/client.ts';
import { routes } from '../src/routes.ts';
import { createWalletClient } from '../src/wallet/client.ts';
import { createPause } from '../src/worker/pause.ts';
import { logger, type PostgresStores, postgresStores } from './stores.ts';
import { startWalletStandIn, type WalletStandIn } from './wallet-stand-in.ts';

/** Real PostgreSQL, the simulator and a wallet over real HTTP, and a clock that can be moved on. */
export interface World {
  stores: PostgresStores;
  simulator: RevioSimulator;
  wallet: WalletStandIn;
  deps: Deps;
  /** What the metrics were told: executions by outcome and unavailable calls by cause. */
  notes: { executed: string[]; unavailable: string[]; failures: string[] };
  /** Lets time pass for payments, not for Revio. */
  advance(ms: number): void;
  /** The application over these deps, or over changed ones. */
  app(change?: Partial<Deps>): RequestListener;
  user(): Promise<User>;
  /** Tells payments what another service tells, as its message. */
  tell<T extends EventType>(type: T, data: EventData<T>, id?: string, time?: Date): Promise<void>;
  /** Execute calls that reached Revio for a withdrawal's payouts. */
  executions(reference: string): number;
  close(): Promise<void>;
}

export interface User {
  id: string;
  email: string;
  token: string;
  bankAccountId: string;
}

const internalKey = Buffer.alloc(32, 9);

export const tokenOf = (actor: UserActor): string =>
  signInternalToken(internalKey, { audience: 'payments', actor, ttlS: 300 });
export const serviceTokenOf = (service: ServiceName): string =>
  signInternalToken(internalKey, { audience: 'payments', actor: { kind: 'service', service }, ttlS: 300 });

/** Leases and waits of the tests: long enough never to end by themselves, and ended by `advance`. */
export const leaseMs = 60_000;

export async function openWorld(
  options: { revio?: RevioSimulatorOptions; apiKey?: string; providerTimeoutMs?: number } = {},
): Promise<World> {
  const [stores, simulator, wallet] = await Promise.all([
    postgresStores(),
    startRevioSimulator(options.revio),
    startWalletStandIn(),
  ]);
  const { deps, close: closeDeps, notes, advance } = wire({ stores, simulator, wallet, ...options });
  const handlers = messageHandlers(deps);
  const app: World['app'] = (change = {}) =>
    createApp({
      logger,
      metrics: createMetrics('payments'),
      jsonLimitBytes: 65_536,
      routes: routes({ ...deps, ...change }, [internalKey]),
    });
  const common = app();

  return {
    stores,
    simulator,
    wallet,
    deps,
    notes,
    advance,
    app,
    user: async () => {
      const id = newUuid();
      const email = `${id.slice(0, 8)}@example.co.za`;
      const token = tokenOf({ kind: 'user', userId: id, role: 'user', email });
      const account = { bank_code: '250655', account_number: '62000000001', account_holder: 'T Mokoena' };
      const added = await supertest(common).post('/bank-accounts').auth(token, { type: 'bearer' }).send(account);
      return { id, email, token, bankAccountId: String(added.body.id) };
    },
    tell: async (type, data, id = newUuid(), time = new Date()) => {
      const handle = handlers[type] as ((event: unknown) => Promise<void>) | undefined;
      if (handle === undefined) throw new Error(`payments does not listen to ${type}`);
      await handle({ id, type, time: time.toISOString(), data } as unknown as Received);
    },
    executions: (reference) => {
      const payouts = simulator.control.objects({ reference }).map(({ id }) => `/po/${id}/bank/`);
      return simulator.control.requests().last.filter(({ path }) => payouts.includes(path)).length;
    },
    close: async () => {
      await closeDeps();
      await Promise.all([stores.close(), simulator.stop(), wallet.stop()]);
    },
  };
}

function wire(parts: {
  stores: PostgresStores;
  simulator: RevioSimulator;
  wallet: WalletStandIn;
  apiKey?: string;
  providerTimeoutMs?: number;
}) {
  const { stores, simulator, wallet, apiKey = simulator.apiKey, providerTimeoutMs = 5_000 } = parts;
  let aheadMs = 0;
  const clock: Clock = {
    now: () => new Date(Date.now() + aheadMs),
    monotonicMs: () => performance.now() + aheadMs,
  };
  const metrics = createMetrics('payments');
  // What a breaker does is shown where it lives; here it would make one test's faults the next one's.
  const common = { metrics, logger, bodyBytesMax: 1_000_000, breaker: { volumeThreshold: 1_000_000 } };
  const revioHttp = createClient({ ...common, name: 'revio', baseUrl: simulator.url, timeoutMs: providerTimeoutMs });
  const walletHttp = createClient({ ...common, name: 'wallet', baseUrl: wallet.url, timeoutMs: 2_000 });
  const notes: World['notes'] = { executed: [], unavailable: [], failures: [] };
  const deps: Deps = {
    transact: stores.transact,
    clock,
    logger,
    newId,
    newUuid,
    provider: createRevioProvider({
      http: revioHttp,
      baseUrl: `${simulator.url}/api/v1/`,
      apiKey,
      brandId: simulator.brandId,
      isTest: true,
      publicUrl: 'http://wallet.example',
      clock,
      logger,
      noteSkew: () => undefined,
    }),
    wallet: createWalletClient({ http: walletHttp, key: wallet.key }),
    history: postgresHistory(stores.db),
    freshHistory: postgresHistory(stores.db),
    webhookEvents: postgresWebhookEvents(stores.db.read),
    exportSlots: createExportSlots(),
    cursorKey: Buffer.alloc(32, 7),
    sealingKeys: parseSealingKeys(`a:${Buffer.alloc(32, 1).toString('base64')}`),
    purchasePause: createPause(clock),
    walletPause: createPause(clock),
    payoutPause: createPause(clock),
    wakePayouts: () => undefined,
    leaseMs,
    duplicateWaitMs: 10_000,
    retry: { retryMsMin: 1_000, retryMsMax: 10_000 },
    providerPauseMs: 5_000,
    depositDueMs: 3_600_000,
    depositGiveUpMs: 900_000,
    payoutFreshMs: 600_000,
    depositLimits: { min: {}, max: {} },
    withdrawalLimits: { min: {}, max: {} },
    approvalPolicy: { above: {}, first: false },
    coolOffMs: 0,
    noteUnavailable: (operation, { cause }) => notes.unavailable.push(`${operation} ${cause}`),
    noteExecuted: (outcome) => notes.executed.push(outcome),
    noteFailure: (step, outcome) => notes.failures.push(`${step} ${outcome}`),
  };
  return {
    deps,
    notes,
    advance: (ms: number) => {
      aheadMs += ms;
    },
    close: () => Promise.all([revioHttp.close(), walletHttp.close()]),
  };
}

/** A request of a user, with a key of its own unless given. */
export function post(
  app: RequestListener,
  path: string,
  user: User,
  body: object,
  key: string = newUuid(),
): supertest.Test {
  return supertest(app).post(path).auth(user.token, { type: 'bearer' }).set('idempotency-key', key).send(body);
}

export const get = (app: RequestListener, path: string, user: User): supertest.Test =>
  supertest(app).get(path).auth(user.token, { type: 'bearer' });
