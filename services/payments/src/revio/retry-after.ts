/** A provider that asks for more is heard, but not believed for longer: after it one call finds out. */
const retryAfterMsMax = 15 * 60_000;

/** `Retry-After` (RFC 9110, 10.2.3), seconds or an HTTP date, as milliseconds from `now`; null when there is none to be read. */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null;
  const date = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN; // Date.parse alone takes nearly anything
  const ms = /^[0-9]{1,9}$/.test(header) ? Number(header) * 1000 : date - now.getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), retryAfterMsMax);
}
