import { REQUESTS_KEPT_MAX } from './limits.ts';

type LoggedRequest = {
  at: string;
  method: string;
  path: string;
  /** The route's name, or null when no route matched. */
  route: string | null;
  /** Null when the connection was cut instead of answered. */
  status: number | null;
  fault: string | null;
};

export type RequestLog = {
  add(request: LoggedRequest): void;
  /** Calls per route since the start, and the last ones, oldest first. */
  read(): { counts: Record<string, number>; last: LoggedRequest[] };
};

/** What was asked of the API and the checkout page: tests count executions by it. Control calls are not in it. */
export function createRequestLog(): RequestLog {
  const counts: Record<string, number> = {};
  const last: LoggedRequest[] = [];
  return {
    add(request) {
      const name = request.route ?? 'unknown';
      counts[name] = (counts[name] ?? 0) + 1;
      last.push(request);
      if (last.length > REQUESTS_KEPT_MAX) last.shift();
    },
    read: () => ({ counts: { ...counts }, last: [...last] }),
  };
}
