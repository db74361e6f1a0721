import { Problem } from '#libs/http';

/** Every refusal of this service. A code is for good: clients branch on it. */
const problems = {
  idempotency_key_missing: { status: 400, title: 'An Idempotency-Key header is needed' },
  idempotency_key_invalid: { status: 400, title: 'The Idempotency-Key must be 1 to 255 visible ASCII characters' },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key came with another request before' },
  request_in_progress: { status: 409, title: 'The first request with this Idempotency-Key is still being worked on' },
  validation_failed: { status: 422, title: 'The request does not fit its schema' },
  transaction_not_found: { status: 404, title: 'There is no such transaction' },
  bank_account_not_found: { status: 422, title: 'There is no such bank account' },
  too_many_bank_accounts: { status: 422, title: 'No more bank accounts can be stored' },
  not_cancellable: { status: 409, title: 'The withdrawal can no longer be cancelled' },
  insufficient_funds: { status: 422, title: 'The available balance is too small' },
  wallet_frozen: { status: 422, title: 'The wallet is frozen' },
  voided: { status: 422, title: 'The withdrawal was voided before it began' },
  provider_rejected: { status: 422, title: 'The payment provider does not accept this payment' },
  provider_object_unreadable: { status: 502, title: 'The payment provider gives no usable answer about this object' },
  provider_unavailable: { status: 503, title: 'The payment provider cannot be asked at the moment' },
} as const satisfies Record<string, { status: number; title: string }>;

type Code = keyof typeof problems;
type Details = Omit<ConstructorParameters<typeof Problem>[2], 'title'>;

export function problem(code: Code, details: Details = {}): Problem {
  const { status, title } = problems[code];
  return new Problem(code, status, { title, ...details });
}
