import { z } from 'zod';
import { signInternalToken } from '#libs/auth';
import { providerReadAnswer } from '#libs/contracts';
import { type HttpClient, type HttpResponse, HttpUnavailable } from '#libs/http';
import type { Logger } from '#libs/runtime';
import type { ReadDue } from './reconciler-store.ts';
import type { FreshRead } from './sweep.ts';

/** Enough for one call and its second try. */
const tokenTtlS = 60;
/** The object cannot be made sense of, or its id is none that payments takes. */
const ofTheObject = new Set(['provider_object_unreadable', 'validation_failed']);

export interface ReadProviderDeps {
  payments: HttpClient;
  paymentsKey: Buffer;
  logger: Logger;
  /** How long to leave payments alone when it cannot be reached. */
  pauseMs: number;
}

/** Asks payments to read an object at Revio now: only payments holds the credentials. Repeating it is harmless. */
export async function readProvider(deps: ReadProviderDeps, due: ReadDue): Promise<FreshRead> {
  const token = signInternalToken(deps.paymentsKey, {
    audience: 'payments',
    actor: { kind: 'service', service: 'reconciler' },
    ttlS: tokenTtlS,
  });
  try {
    const response = await deps.payments.request({
      method: 'POST',
      path: '/provider-reads',
      headers: { authorization: `Bearer ${token}` },
      json: { object_type: due.objectType, object_id: due.objectId },
      idempotent: true,
    });
    if (response.status === 200) return understood(deps, due, response);
    deps.logger.warn({ status: response.status, object_id: due.objectId }, 'a read was refused');
    return isAboutTheObject(response)
      ? { kind: 'failed' }
      : { kind: 'unavailable', retryAfterMs: retryAfterMs(response) };
  } catch (err) {
    if (!(err instanceof HttpUnavailable)) throw err;
    // A read that takes too long may be this object's; a payments that cannot be reached is everyone's.
    return { kind: 'unavailable', retryAfterMs: err.kind === 'timeout' ? null : deps.pauseMs };
  }
}

const refusal = z.object({ code: z.string() });

/** Payments says so by a code of its own: a 502 can also come from a proxy between, which knows nothing of objects. */
function isAboutTheObject({ status, body }: HttpResponse): boolean {
  const read = refusal.safeParse(parsed(body));
  return (status === 502 || status === 422) && read.success && ofTheObject.has(read.data.code);
}

function understood({ logger }: ReadProviderDeps, due: ReadDue, response: HttpResponse): FreshRead {
  const read = providerReadAnswer.safeParse(parsed(response.body));
  if (read.success && read.data.observation.object_id === due.objectId)
    return { kind: 'read', observation: read.data.observation };
  logger.error({ object_id: due.objectId }, 'a read was answered with something else');
  return { kind: 'failed' };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Seconds only (RFC 9110 §10.2.3); an hour at most, so that a slip of the other side does not end the sweep. */
function retryAfterMs({ headers }: HttpResponse): number | null {
  const header = headers['retry-after'];
  return header !== undefined && /^[0-9]{1,6}$/.test(header) ? Math.min(Number(header), 3_600) * 1_000 : null;
}
