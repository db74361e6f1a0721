import { PiggybankProblem, PiggybankUnreachable } from './problem.ts';

export interface SendOptions {
  fetch: typeof fetch;
  /** For one try. Longer than the gateway's own patience with its services, 20 s. */
  timeoutMs: number;
  /** All tries of one call. */
  triesMax: number;
  /** Waited before the second try, at most; doubled with each further one. */
  retryMs: number;
}

export interface Outgoing {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | undefined;
  /** May be carried out twice without harm: it reads, or it carries an Idempotency-Key. */
  repeatable: boolean;
  /** The answer is a stream: the time limit is for its beginning only. */
  streams: boolean;
  signal: AbortSignal | undefined;
}

/** A wait longer than this is the caller's to plan, not ours to sit out. */
const waitMsMax = 30_000;
/** Refusals that say that nothing was done: any request may come again. */
const nothingDone = ['rate_limited', 'overloaded'];
/** Refusals after which the same request is worth another try, if it may be carried out twice. */
const worthAnotherTry = [500, 502, 503, 504];

/** Sends a request until it is answered, with the same headers each time, so that a repeat is the same request to the API. */
export async function send(options: SendOptions, outgoing: Outgoing): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const last = tries >= options.triesMax;
    const { response, failure } = await sendOnce(options, outgoing);
    outgoing.signal?.throwIfAborted();
    if (response === undefined) {
      const key = outgoing.headers['idempotency-key'];
      if (last || !outgoing.repeatable) throw new PiggybankUnreachable(failure, key);
      await pause(backoffMs(options, tries), outgoing.signal);
      continue;
    }
    if (response.ok) return response;
    const problem = await problemOf(response, outgoing);
    const waitMs = retryAfterMs(response) ?? backoffMs(options, tries);
    if (last || waitMs > waitMsMax || !isWorthAnotherTry(problem, outgoing)) throw problem;
    await pause(waitMs, outgoing.signal);
  }
}

async function sendOnce(options: SendOptions, outgoing: Outgoing): Promise<{ response?: Response; failure?: unknown }> {
  const { url, method, headers, body, signal } = outgoing;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Error('timeout')), options.timeoutMs);
  const signals = signal === undefined ? patience.signal : AbortSignal.any([patience.signal, signal]);
  try {
    const response = await options.fetch(url, {
      method,
      headers,
      signal: signals,
      ...(body === undefined ? {} : { body }),
    });
    if (outgoing.streams && response.ok) return { response };
    // Read to its end here, so that a connection that breaks half-way counts as no answer.
    const text = await response.text();
    const whole = { status: response.status, headers: response.headers };
    return { response: new Response(text === '' ? null : text, whole) };
  } catch (failure) {
    return { failure };
  } finally {
    clearTimeout(timer);
  }
}

function isWorthAnotherTry({ code, status }: PiggybankProblem, { repeatable }: Outgoing): boolean {
  if (nothingDone.includes(code)) return true;
  return repeatable && (worthAnotherTry.includes(status) || code === 'request_in_progress');
}

async function problemOf(response: Response, { headers }: Outgoing): Promise<PiggybankProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  // A proxy on the way may answer something of its own.
  const said =
    typeof body === 'object' && body !== null ? body : { code: 'unknown', title: `status ${response.status}` };
  return new PiggybankProblem(response.status, said as Record<string, unknown>, headers['idempotency-key']);
}

/** Full jitter: clients that failed together do not come back together. */
const backoffMs = ({ retryMs }: SendOptions, tries: number): number =>
  Math.random() * Math.min(8_000, retryMs * 2 ** tries);

function retryAfterMs(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after');
  return seconds !== null && /^[0-9]{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    }
  });
}
