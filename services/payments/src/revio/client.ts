import type { HttpClient, HttpResponse } from '#libs/http';
import { HttpUnavailable } from '#libs/http';
import {
  NotRevioObject,
  observe,
  observeAbsence,
  parseStrictJson,
  payout as payoutSchema,
  purchase as purchaseSchema,
  readErrorBody,
} from '#libs/revio';
import type { Clock, Logger } from '#libs/runtime';
import type { Created, Provider, ReadAnswer, Unavailable, UnavailableCause } from './provider.ts';
import { executionBody, payoutBody, purchaseBody } from './requests.ts';
import { retryAfterMs } from './retry-after.ts';

export interface RevioOptions {
  /** Of the origin of `baseUrl`, with no path: execution URLs lie outside the API's path. */
  http: HttpClient;
  /** …/api/v1/ */
  baseUrl: string;
  apiKey: string;
  brandId: string;
  isTest: boolean;
  publicUrl: string;
  clock: Clock;
  logger: Logger;
  /** Told the seconds by which the provider's clock is ahead of ours. */
  noteSkew: (seconds: number) => void;
}

type Method = 'GET' | 'POST';

/** The `/payouts/` and `/purchases/` rails of Revio Pay (REVIO.md sections 2 to 4). */
export function createRevioProvider(options: RevioOptions): Provider {
  const { http, apiKey, clock, logger } = options;
  const base = new URL(options.baseUrl);
  const brand = { brandId: options.brandId, publicUrl: options.publicUrl.replace(/\/$/, '') };

  /** The bearer goes to the API's origin only: the client cannot reach another one. */
  async function ask(
    method: Method,
    path: string,
    json?: unknown,
    once: { freshConnection?: true } = {},
  ): Promise<HttpResponse | Unavailable> {
    const idempotent = method === 'GET';
    const headers = { authorization: `Bearer ${apiKey}` };
    try {
      const response = await http.request({
        method,
        path,
        headers,
        idempotent,
        ...once,
        ...(json === undefined ? {} : { json }),
      });
      const date = dateOf(response);
      if (date !== null) options.noteSkew((date.getTime() - clock.now().getTime()) / 1000);
      return response;
    } catch (error) {
      if (error instanceof HttpUnavailable) return { kind: 'unavailable', cause: error.kind, retryAfterMs: null };
      throw error;
    }
  }
  const api = (method: Method, path: string, json?: unknown) => ask(method, base.pathname + path, json);

  const unusable = (what: string, error: unknown): Unavailable => {
    if (!(error instanceof NotRevioObject)) throw error;
    logger.warn({ err: error, what }, 'the provider answered with something else than was asked for');
    return { kind: 'unavailable', cause: 'unusable', retryAfterMs: null };
  };

  /** 2xx by `read`, 400 and 422 as a rejection, the rest as nobody's failure. */
  function created<Thing>(
    what: string,
    answer: HttpResponse | Unavailable,
    read: (raw: unknown) => Thing,
  ): Created<Thing> {
    if ('kind' in answer) return answer;
    if (answer.status === 400 || answer.status === 422) {
      const [error] = readErrorBody(answer.body);
      return { kind: 'rejected', code: error?.code ?? 'unspecified' };
    }
    if (answer.status !== 200 && answer.status !== 201) return unavailable(answer, clock.now());
    try {
      return { kind: 'created', created: read(parseStrictJson(answer.body)) };
    } catch (error) {
      return unusable(what, error);
    }
  }

  async function read(type: 'purchase' | 'payout', id: string): Promise<ReadAnswer> {
    // From before the call: an answer that a stopped process hears late would else seem to be of now, and speak against what came since.
    const observedAt = clock.now();
    const answer = await api('GET', `${type}s/${id}/`);
    if ('kind' in answer) return answer;
    const provenance = { source: 'read', observedAt, providerDate: dateOf(answer) } as const;
    if (answer.status === 404) return { kind: 'read', observation: observeAbsence(id, provenance) };
    if (answer.status !== 200) return unavailable(answer, clock.now());
    try {
      const observation = observe(parseStrictJson(answer.body), provenance);
      expectEqual({ object_type: observation.object_type, id: observation.object_id }, { object_type: type, id });
      return { kind: 'read', observation };
    } catch (error) {
      return unusable(type, error);
    }
  }

  const ours = { is_test: options.isTest, brand_id: options.brandId };

  return {
    createPurchase: async (order) =>
      created('purchase', await api('POST', 'purchases/', purchaseBody(order, brand)), (raw) => {
        const purchase = parsed(purchaseSchema, raw);
        const { total, currency } = purchase.purchase;
        const { reference, currency: wanted, amountMinor } = order;
        expectEqual(
          { ...purchase, total, currency },
          { ...ours, reference, total: Number(amountMinor), currency: wanted },
        );
        return { id: purchase.id, checkoutUrl: checkoutUrl(purchase.checkout_url, base) };
      }),
    cancelPurchase: async (id) => {
      const answer = await api('POST', `purchases/${id}/cancel/`);
      return !('kind' in answer) && answer.status < 300;
    },
    createPayout: async (order) =>
      created('payout', await api('POST', 'payouts/', payoutBody(order, brand)), (raw) => {
        const payout = parsed(payoutSchema, raw);
        const { amount, currency } = payout.payment;
        const { reference, currency: wanted, amountMinor } = order;
        const expected = { ...ours, reference, status: 'initialized', amount: Number(amountMinor), currency: wanted };
        expectEqual({ ...payout, amount, currency }, expected);
        const createdOn = new Date(payout.created_on * 1000);
        return { id: payout.id, executionUrl: executionUrl(payout.execution_url, base), createdOn };
      }),
    executePayout: async (raw, payee) => {
      const url = ownUrl(raw, base);
      if (url === undefined) return { kind: 'not_sent' };
      const answer = await ask('POST', url.pathname + url.search, executionBody(payee), { freshConnection: true });
      return 'kind' in answer ? { kind: 'unknown', cause: answer.cause } : { kind: 'answered', status: answer.status };
    },
    readPurchase: (id) => read('purchase', id),
    readPayout: (id) => read('payout', id),
  };
}

function unavailable(answer: HttpResponse, now: Date): Unavailable {
  return {
    kind: 'unavailable',
    cause: causeOf(answer.status),
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
  };
}

function causeOf(status: number): UnavailableCause {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'server_error';
  if (status >= 400) return 'refused';
  return status >= 300 ? 'redirect' : 'unusable';
}

function dateOf({ headers }: HttpResponse): Date | null {
  const date = new Date(headers.date ?? '');
  return Number.isNaN(date.getTime()) ? null : date;
}

function parsed<Shape>(
  schema: { safeParse(raw: unknown): { success: true; data: Shape } | { success: false } },
  raw: unknown,
): Shape {
  const read = schema.safeParse(raw);
  if (!read.success) throw new NotRevioObject('not the object that was asked for');
  return read.data;
}

/** A test key in production, another brand's object, another amount: nothing may be built on it. */
function expectEqual(actual: Record<string, unknown>, expected: Record<string, unknown>): void {
  const wrong = Object.keys(expected).filter((field) => actual[field] !== expected[field]);
  if (wrong.length > 0) throw new NotRevioObject(`not what was asked for: ${wrong.join(', ')}`);
}

/**
 * The URL if it lies on the API's own origin (so https wherever the API is) and carries no credentials. It came from an answer, and
 * what is sent there moves money under our key: anywhere else is nowhere.
 */
function ownUrl(raw: string, base: URL): URL | undefined {
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  return url?.origin === base.origin && url.username === '' && url.password === '' ? url : undefined;
}

/** The checkout page may live on another host than the API, but without https only where the API itself has none (development). */
function checkoutUrl(raw: string | null | undefined, base: URL): string {
  const url = URL.canParse(raw ?? '') ? new URL(raw ?? '') : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && base.protocol === 'http:')) return url.href;
  throw new NotRevioObject('a checkout URL that is none');
}

function executionUrl(raw: string | null | undefined, base: URL): string {
  const url = ownUrl(raw ?? '', base);
  if (url === undefined) throw new NotRevioObject('an execution URL that leads elsewhere');
  return url.href;
}
