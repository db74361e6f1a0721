/** When a step that could not be done is tried again: each wait twice the one before, within the two limits. */
export interface RetryTiming {
  retryMsMin: number;
  retryMsMax: number;
}

/** `attempts` counts the try that just failed; `askedMs` is what the other side asked for, and is never undercut. */
export function nextTryAt(now: Date, attempts: number, timing: RetryTiming, askedMs: number | null = null): Date {
  const doubled = timing.retryMsMin * 2 ** Math.min(Math.max(attempts - 1, 0), 16);
  return new Date(now.getTime() + Math.max(Math.min(doubled, timing.retryMsMax), askedMs ?? 0));
}
