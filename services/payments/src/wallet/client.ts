import { z } from 'zod';
import { signInternalToken } from '#libs/auth';
import { type HoldDecision, holdDecision } from '#libs/contracts';
import { type HttpClient, HttpUnavailable } from '#libs/http';
import type { Wallet } from './wallet.ts';

/** One call and its second try; a stolen token is worthless soon. */
const tokenTtlS = 30;

/** The wallet over HTTP. `key` is the wallet's internal key, with which its callers sign. */
export function createWalletClient(options: { http: HttpClient; key: Buffer }): Wallet {
  return {
    placeHold: async (request) => {
      const token = signInternalToken(options.key, {
        audience: 'wallet',
        actor: { kind: 'service', service: 'payments' },
        ttlS: tokenTtlS,
      });
      try {
        const { status, body } = await options.http.request({
          method: 'POST',
          path: '/holds',
          headers: { authorization: `Bearer ${token}` },
          json: request,
          idempotent: true,
        });
        // Only this one is final. Any other refusal may be a wallet of an older release that does not know a field yet.
        if (status === 422 && problemCode(body) === 'hold_conflict')
          return { kind: 'impossible', cause: 'hold_conflict' };
        if (status !== 200) return { kind: 'unavailable', cause: `status ${status}` };
        const decision = readDecision(body);
        // It may have decided all the same, so it is asked again.
        if (decision?.transaction_id !== request.transaction_id) return { kind: 'unavailable', cause: 'unreadable' };
        return { kind: 'decided', decision };
      } catch (error) {
        if (error instanceof HttpUnavailable) return { kind: 'unavailable', cause: error.kind };
        throw error;
      }
    },
  };
}

const readDecision = (body: string): HoldDecision | undefined => holdDecision.safeParse(parsed(body)).data;

const refusal = z.object({ code: z.string() });
const problemCode = (body: string): string | undefined => refusal.safeParse(parsed(body)).data?.code;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
