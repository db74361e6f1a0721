import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiRoutes } from './api.ts';
import { checkoutRoutes } from './checkout.ts';
import { createClock } from './clock.ts';
import { type Control, createControl } from './control.ts';
import { controlApi } from './control-api.ts';
import { createDeliveries } from './deliveries.ts';
import { createFaults } from './faults.ts';
import { newKey } from './keys.ts';
import { namesOfObject } from './names.ts';
import { settleWhenDue } from './payouts.ts';
import type { Platform, Settings } from './platform.ts';
import { expireWhenDue } from './purchases.ts';
import { createRequestLog } from './request-log.ts';
import { createSiteServer } from './server.ts';
import type { Books, Webhook } from './state.ts';
import { createSaver, loadBooks } from './state-file.ts';
import { type ProviderRow, providerTruth } from './truth.ts';
import { addWebhook } from './webhooks.ts';

export type RevioSimulatorOptions = {
  host?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  apiKey?: string;
  brandId?: string;
  /** Where webhooks go; can be set later with `control.webhookUrl`. */
  webhookUrl?: string | null;
  /** Scheme, host and port as callers see them; by default where it listens. */
  publicUrl?: string;
  executeWindowMs?: number;
  /** When a pending payout settles by itself; `never`, the default, leaves it to control calls. */
  payoutSettleMs?: number | 'never';
  webhookTimeoutMs?: number;
  /** Where books and keys are kept over a restart; by default nowhere. */
  stateFile?: string | null;
};

export type RevioSimulator = {
  /** Without a path; the API is at `${url}/api/v1/`. */
  url: string;
  apiKey: string;
  brandId: string;
  companyPublicKeyPem: string;
  /** As at the start; `control.keys()` knows of rotations. */
  webhookPublicKeyPem: string;
  control: Control;
  truth(): ProviderRow[];
  stop(): Promise<void>;
};

/** As the platform documents it (REVIO.md §1.1). */
const EXECUTE_WINDOW_MS = 15 * 60_000;
/** As long as a slow receiver may take; the platform's own limit is 30 s, too long to wait for in a test. */
const WEBHOOK_TIMEOUT_MS = 10_000;
/** `all_events` on the webhook that is there from the start. */
const FIRST_WEBHOOK = { title: 'wallet-backend', allEvents: true, events: [], callback: null };

/** Wall-clock Unix seconds. */
const nowS = () => Math.floor(Date.now() / 1000);

type Opened = { books: Books; clockOffsetMs: number; firstWebhook: Webhook };

async function openBooks(stateFile: string | null): Promise<Opened> {
  const saved = stateFile === null ? null : loadBooks(stateFile);
  const books = saved?.books ?? {
    purchases: new Map(),
    payments: new Map(),
    payouts: new Map(),
    webhooks: new Map(),
    deliveries: new Map(),
    companyKey: await newKey(),
    sequence: 1000,
  };
  const firstWebhook =
    [...books.webhooks.values()][0] ?? (await addWebhook({ books, nowS, newId: randomUUID }, FIRST_WEBHOOK));
  return { books, clockOffsetMs: saved?.clockOffsetMs ?? 0, firstWebhook };
}

function settingsOf(options: RevioSimulatorOptions): Settings {
  const { payoutSettleMs = 'never' } = options;
  return {
    publicUrl: options.publicUrl ?? '',
    apiKey: options.apiKey ?? `sk_test_${randomUUID()}`,
    brandId: options.brandId ?? randomUUID(),
    executeWindowMs: options.executeWindowMs ?? EXECUTE_WINDOW_MS,
    payoutSettleMs: payoutSettleMs === 'never' ? null : payoutSettleMs,
  };
}

/** Resolves with the URL under which it listens. */
async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  return `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** A Revio Pay to run against: real HTTP, its own truth. Resolves when it listens; `stop` saves and closes everything. */
export async function startRevioSimulator(options: RevioSimulatorOptions = {}): Promise<RevioSimulator> {
  const { stateFile = null } = options;
  const settings = settingsOf(options);
  const [{ books, clockOffsetMs, firstWebhook }, strangersKey] = await Promise.all([openBooks(stateFile), newKey()]);
  if (options.webhookUrl !== undefined) firstWebhook.callback = options.webhookUrl;

  const clock = createClock(Date.now, clockOffsetMs);
  const { changed, flush } = createSaver(stateFile, () => ({ books, clockOffsetMs: clock.offsetMs() }));
  const faults = createFaults();
  const requests = createRequestLog();
  const timeoutMs = options.webhookTimeoutMs ?? WEBHOOK_TIMEOUT_MS;
  const deliveries = createDeliveries({
    books,
    clock,
    faults,
    strangersKey,
    timeoutMs,
    changed,
    realNowMs: Date.now,
    newId: randomUUID,
  });
  const platform: Platform = {
    settings,
    books,
    clock,
    nowS,
    changed,
    newId: randomUUID,
    emit: deliveries.emit,
    payoutPlans: { standard: 'pending_then_success', byReference: new Map() },
    latePay: { allowed: false },
  };
  const control = createControl({ platform, faults, deliveries, requests, strangersKey, webhook: firstWebhook });
  const server = createSiteServer({
    routes: [...apiRoutes(platform), ...checkoutRoutes(platform)],
    control: controlApi(control),
    faults,
    requests,
    apiKey: settings.apiKey,
    namesOfObject: (id) => namesOfObject(books, id),
    settled: deliveries.settled,
  });
  const url = await listen(server, options.host ?? '127.0.0.1', options.port ?? 0);
  settings.publicUrl ||= url;

  for (const purchase of books.purchases.values()) expireWhenDue(platform, purchase);
  for (const payout of books.payouts.values()) settleWhenDue(platform, payout);
  deliveries.resumeFromBooks();
  changed();

  return {
    url,
    apiKey: settings.apiKey,
    brandId: settings.brandId,
    control,
    companyPublicKeyPem: books.companyKey.publicKeyPem,
    webhookPublicKeyPem: firstWebhook.publicKeyPem,
    truth: () => providerTruth(books, clock),
    async stop() {
      clock.stop();
      await close(server);
      await deliveries.stop();
      flush();
    },
  };
}
