import { signInternalToken } from '#libs/auth';
import { holdDecision } from '#libs/contracts';
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
        if (status !== 200) return { kind: 'unavailable', cause: `status ${status}` };
        const decision = holdDecision.parse(JSON.parse(body));
        if (decision.transaction_id !== request.transaction_id) return { kind: 'unavailable', cause: 'another hold' };
        return { kind: 'decided', decision };
      } catch (error) {
        if (error instanceof HttpUnavailable) return { kind: 'unavailable', cause: error.kind };
        // A body that is no decision: the wallet may have decided all the same, so it is asked again.
        if (error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError')) {
          return { kind: 'unavailable', cause: 'unreadable' };
        }
        throw error;
      }
    },
  };
}
