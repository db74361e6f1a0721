import { Problem, type ProblemDetails } from '#libs/http';

/** Every refusal of this service; what each says stands in the catalogue of libs/http. */
type Code =
  | 'idempotency_key_missing'
  | 'idempotency_key_invalid'
  | 'idempotency_key_reused'
  | 'request_in_progress'
  | 'validation_failed'
  | 'not_found'
  | 'transaction_not_found'
  | 'cursor_invalid'
  | 'query_too_broad'
  | 'overloaded'
  | 'bank_account_not_found'
  | 'too_many_bank_accounts'
  | 'bank_account_cooling_off'
  | 'amount_below_minimum'
  | 'amount_above_maximum'
  | 'not_awaiting_approval'
  | 'self_approval'
  | 'not_cancellable'
  | 'insufficient_funds'
  | 'wallet_frozen'
  | 'daily_limit_exceeded'
  | 'monthly_limit_exceeded'
  | 'wallet_in_debt'
  | 'voided'
  | 'provider_rejected'
  | 'provider_object_unreadable'
  | 'provider_unavailable';

export const problem = (code: Code, details: ProblemDetails = {}): Problem => new Problem(code, details);
