import CircuitBreaker from 'opossum';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import { ExchangeFailed } from './exchange.ts';

export interface BreakerOptions {
  /** It opens above this share of failures (5xx, timeouts, broken connections; never a 4xx) … */
  errorThresholdPercentage?: number;
  /** … among at least this many requests, the successful ones included, … */
  volumeThreshold?: number;
  /** … of the last so many milliseconds. */
  windowMs?: number;
  /** How long it stays open before one request is let through to try. */
  resetMs?: number;
}

/** Carries a 5xx past the breaker as the failure it is there, and out again as the answer it is here. */
export class ServerError<Response extends { status: number }> extends Error {
  readonly response: Response;
  constructor(response: Response) {
    super(`status ${response.status}`);
    this.response = response;
  }
}

export type Breaker<Request, Response> = CircuitBreaker<[Request], Response>;

/** Refuses for a while what has lately failed too often. `name` is the peer, as metrics and logs call it. */
export function createBreaker<Request, Response>(
  {
    name,
    metrics,
    logger,
    breaker: given = {},
  }: { name: string; metrics: Metrics; logger: Logger; breaker?: BreakerOptions },
  send: (request: Request) => Promise<Response>,
): Breaker<Request, Response> {
  const breaker: Breaker<Request, Response> = new CircuitBreaker(send, {
    name,
    timeout: false, // Opossum's would give up without aborting; the request would live on beside its own retry.
    errorThresholdPercentage: given.errorThresholdPercentage ?? 50,
    volumeThreshold: given.volumeThreshold ?? 10,
    rollingCountTimeout: given.windowMs ?? 10_000,
    resetTimeout: given.resetMs ?? 5_000,
    rollingPercentilesEnabled: false, // Nor do latencies say anything about whether it opens.
    enableSnapshots: false, // Nobody listens to them, and each is a sort of all latencies, every second.
    // An answer that is too large comes from a healthy server; what is thrown before the wire is our own mistake.
    errorFilter: (error: unknown) =>
      !(error instanceof ServerError || (error instanceof ExchangeFailed && error.kind !== 'too_large')),
  });
  const open = metrics.gauge({
    name: 'http_client_breaker_open',
    help: '1 while requests to the peer are refused here or only one is let through to try, else 0',
    labels: ['peer'],
    zero: [{ peer: name }],
  });
  breaker.on('open', () => {
    open.set({ peer: name }, 1);
    logger.warn({ peer: name }, 'circuit breaker opened');
  });
  breaker.on('close', () => {
    open.set({ peer: name }, 0);
    logger.info({ peer: name }, 'circuit breaker closed');
  });
  return breaker;
}
