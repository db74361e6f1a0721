/** Where a request came from, for the audit log. */
export interface Caller {
  /** Undetermined when it did not come through all the proxies that it should have. */
  address: string | null;
  requestId: string | null;
}
