import { Pool } from 'undici';
import { currentContext, inSpan } from '#libs/runtime';
import { createBreaker, ServerError } from './breaker.ts';
import { HttpUnavailable, type UnavailableKind } from './client-errors.ts';
import type { ClientOptions } from './client-options.ts';
import { type CallTime, deadlineHeader, timeLeft } from './deadline.ts';
import { ExchangeFailed, exchange, type HttpResponse } from './exchange.ts';
import { createStreams, type StreamedAnswer } from './stream.ts';

/** 32 in flight gave the best throughput of a hop (PERFORMANCE.md); more only queue at the other side. */
const connectionsMax = 32;
/** Waiting for a connection counts: beyond this the wait alone would use up the timeout. Refused instead, with nothing sent. */
const inFlightMax = 512;
/** A host that does not take a connection by then is down; what is left of the timeout is for nothing. */
const connectMsMax = 3_000;

interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with `/`; query included. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  json?: unknown;
  /** May be sent twice without harm: then a connection that broke before any answer (an idle one just closed by the other side) is tried once more. */
  idempotent?: boolean;
  /**
   * On a connection of its own: a kept one that the other side closes at this very moment leaves it unknown whether the request
   * arrived. For calls that may never be repeated; the price is a handshake.
   */
  freshConnection?: boolean;
  /** Instead of the client's. */
  timeoutMs?: number;
}

export interface HttpClient {
  /** Resolves with whatever was answered, 5xx included; throws HttpUnavailable when there is no answer. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** A GET whose answer may be of any length: its body is handed on as it comes, under a breaker and time-outs of its own. */
  stream(request: { path: string; headers?: Readonly<Record<string, string>> }): Promise<StreamedAnswer>;
  /** Waits for what is in flight. */
  close(): Promise<void>;
}

/** What carries the requests of a client, one exchange each: connections, or in a simulation whatever it likes. Throws ExchangeFailed. */
export interface Wire {
  exchange(request: WireRequest, limits: { timeoutMs: number; bodyBytesMax: number }): () => Promise<HttpResponse>;
  close(): Promise<void>;
}

interface WireRequest {
  method: HttpRequest['method'];
  path: string;
  headers: Record<string, string>;
  body: string | null;
  freshConnection: boolean;
}

/** Kept connections, and for what may never be repeated a new one each. One timeout bounds all tries of one exchange. */
function connections(origin: string): Wire {
  const wiring = {
    connections: connectionsMax,
    connect: { timeout: connectMsMax },
    headersTimeout: 0, // The exchange bounds itself.
    bodyTimeout: 0,
  };
  const pool = new Pool(origin, wiring);
  // Zero is undici's word for "no keep-alive".
  const freshPool = new Pool(origin, { ...wiring, pipelining: 0 });
  return {
    exchange: ({ freshConnection, ...request }, { timeoutMs, bodyBytesMax }) => {
      const endsAtMs = performance.now() + timeoutMs;
      const pooled = freshConnection ? freshPool : pool;
      return () =>
        exchange(pooled, request, { timeoutMs: Math.max(Math.ceil(endsAtMs - performance.now()), 1), bodyBytesMax });
    },
    close: async () => void (await Promise.all([pool.close(), freshPool.close()])),
  };
}

/** An HTTP client for one origin: a pool of kept connections, a circuit breaker, one timeout, a cap on bodies, no redirects. */
export function createClient(
  options: ClientOptions,
  wire: Wire = connections(new URL(options.baseUrl).origin),
): HttpClient {
  const base = new URL(options.baseUrl);
  const breaker = createBreaker(options, send);
  const record = recorder(options);
  let streams: ReturnType<typeof createStreams> | undefined; // of the few that ever stream
  let inFlight = 0;

  async function send({ time, ...request }: HttpRequest & { time: CallTime }): Promise<HttpResponse> {
    const limits = { timeoutMs: time.timeoutMs, bodyBytesMax: options.bodyBytesMax };
    const asked = {
      method: request.method,
      path: base.pathname.replace(/\/$/, '') + request.path,
      headers: {
        ...headersOf(request),
        ...(options.tellsDeadline ? { [deadlineHeader]: String(time.timeoutMs) } : {}),
      },
      body: request.json === undefined ? null : JSON.stringify(request.json),
      freshConnection: request.freshConnection === true,
    };
    const once = wire.exchange(asked, limits);
    const response = await once()
      .catch((error: unknown) => {
        const again =
          request.idempotent && error instanceof ExchangeFailed && error.kind === 'network' && !error.answered;
        if (!again) throw error;
        return once();
      })
      .catch((error: unknown) => {
        // The time was short by our own doing, which says nothing about the other side; only a trial of it must be passed.
        const isOurs = time.isCut && !breaker.halfOpen && error instanceof ExchangeFailed && error.kind === 'timeout';
        throw isOurs ? new HttpUnavailable(options.name, error.kind, error.sent, error.cause) : error;
      });
    if (response.status >= 500) throw new ServerError(response);
    return response;
  }

  async function guarded(request: HttpRequest): Promise<HttpResponse> {
    if (inFlight >= inFlightMax) throw new HttpUnavailable(options.name, 'overloaded', false);
    const time = timeLeft(request.timeoutMs ?? options.timeoutMs);
    if (time === undefined) throw new HttpUnavailable(options.name, 'timeout', false);
    inFlight += 1;
    try {
      return await breaker.fire({ ...request, time });
    } catch (error) {
      if (error instanceof ServerError) return error.response;
      if (error instanceof ExchangeFailed) throw new HttpUnavailable(options.name, error.kind, error.sent, error.cause);
      if ((error as { code?: unknown }).code === 'EOPENBREAKER') {
        throw new HttpUnavailable(options.name, 'breaker_open', false);
      }
      throw error;
    } finally {
      inFlight -= 1;
    }
  }

  return {
    request: (request) =>
      record(request.method, () =>
        inSpan(
          { name: `${request.method} ${options.name}`, kind: 'client', attributes: { 'peer.service': options.name } },
          () => guarded(request),
        ),
      ),
    stream: ({ path, headers = {} }) => {
      streams ??= createStreams(options, base);
      return streams.open({ path, headers: { ...headersOf({ method: 'GET', path }), ...headers } });
    },
    async close() {
      breaker.shutdown();
      await Promise.all([wire.close(), streams?.close()]);
    },
  };
}

function headersOf(request: HttpRequest): Record<string, string> {
  const { requestId, traceparent } = currentContext();
  return {
    accept: 'application/json',
    ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...request.headers,
  };
}

const failures: readonly UnavailableKind[] = ['timeout', 'network', 'breaker_open', 'overloaded', 'too_large'];

function recorder({ name: peer, metrics }: ClientOptions) {
  const duration = metrics.histogram({
    name: 'http_client_request_duration_seconds',
    help: 'From the call to the last byte of the answer, a second try included',
    labels: ['peer', 'method', 'status_class'],
  });
  const unavailable = metrics.counter({
    name: 'http_client_unavailable_total',
    help: 'Requests that got no answer',
    labels: ['peer', 'kind'],
    zero: failures.map((kind) => ({ peer, kind })),
  });
  return async (method: string, work: () => Promise<HttpResponse>): Promise<HttpResponse> => {
    const startedAt = performance.now();
    let statusClass = 'none';
    try {
      const response = await work();
      statusClass = `${Math.floor(response.status / 100)}xx`;
      return response;
    } catch (error) {
      if (error instanceof HttpUnavailable) unavailable.inc({ peer, kind: error.kind });
      throw error;
    } finally {
      duration.observe({ peer, method, status_class: statusClass }, (performance.now() - startedAt) / 1000);
    }
  };
}
