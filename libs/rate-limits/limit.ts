/** `max` requests per `windowS` seconds, counted from the first one. */
export interface Limit {
  /** As `RateLimit-Policy` and the counters name it. */
  name: string;
  max: number;
  windowS: number;
  /**
   * When the counters cannot be reached. `refuse`: nothing could be done without this database anyway. `alone`: each replica counts for
   * itself, so that a database of ours that is down does not keep users from money that is reachable; the limit grows by the replicas.
   * `forgo`: whoever counts hears of it after a while and goes on without.
   */
  withoutDatabase: 'refuse' | 'alone' | 'forgo';
}
