import { holdRequest, providerReadRequest } from '#libs/contracts';
import { type HttpResponse, Problem } from '#libs/http';
import { readProvider as readAtRevio } from '../../services/payments/src/read-provider.ts';
import { holdFunds } from '../../services/wallet/src/hold-funds.ts';
import { shownDecision } from '../../services/wallet/src/shown-decision.ts';
import type { wirePayments, wireWallet } from './services.ts';

const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: JSON.stringify(body),
});

/** `POST /holds` as the wallet's routes answer it. */
export async function answerHold(deps: ReturnType<typeof wireWallet>['deps'], body: string): Promise<HttpResponse> {
  const asked = holdRequest.parse(JSON.parse(body));
  const hold = await holdFunds(deps, {
    transactionId: asked.transaction_id,
    userId: asked.user_id,
    currency: asked.currency,
    amountMinor: BigInt(asked.amount_minor),
  });
  if (hold === 'conflict') return json(422, { code: 'hold_conflict' });
  return json(200, shownDecision(hold));
}

/** `POST /provider-reads` as payments' routes answer it. */
export async function answerRead(deps: ReturnType<typeof wirePayments>['deps'], body: string): Promise<HttpResponse> {
  try {
    return json(200, await readAtRevio(deps, providerReadRequest.parse(JSON.parse(body))));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return json(error.status, { code: error.code }, { ...error.details.headers });
  }
}
