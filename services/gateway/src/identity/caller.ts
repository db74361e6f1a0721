/** Where a request came from, for the audit log and the list of sessions. */
export interface Caller {
  /** Null when it did not come through all the proxies that it should have. */
  address: string | null;
  requestId: string | null;
  /** What it calls itself; shown to nobody but its own user. */
  userAgent: string | null;
}
