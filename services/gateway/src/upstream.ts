import type { HttpClient } from '#libs/http';

/** A service behind the gateway. */
export interface Upstream {
  client: HttpClient;
  /** The callee's key (ADR 10). */
  internalKey: Buffer;
}
