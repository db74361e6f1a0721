import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { BreakerOptions } from './breaker.ts';

export interface ClientOptions {
  /** The other side, as metrics and logs call it. */
  name: string;
  /** Its path is put before every request's path. No request ever leaves this origin. */
  baseUrl: string;
  /** For the whole exchange: connection, request, answer and a possible second try. Less where whoever is answered waits less. */
  timeoutMs: number;
  /** Tells the other side, a service of ours, how long it is waited for. */
  tellsDeadline?: boolean;
  bodyBytesMax: number;
  metrics: Metrics;
  logger: Logger;
  breaker?: BreakerOptions;
}
