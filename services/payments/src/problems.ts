import { Problem, type ProblemDetails } from '#libs/http';

/** Every refusal of this service; what each says stands in the catalogue of libs/http. */
type Code =
  | 'idempotency_key_missing'
  | 'idempotency_key_invalid'
  | 'idempotency_key_reused'
  | 'request_in_progress'
  | 'validation_failed'
  | 'transaction_not_found'
  | 'bank_account_not_found'
  | 'too_many_bank_accounts'
  | 'not_cancellable'
  | 'insufficient_funds'
  | 'wallet_frozen'
  | 'wallet_in_debt'
  | 'voided'
  | 'provider_rejected'
  | 'provider_object_unreadable'
  | 'provider_unavailable';

export const problem = (code: Code, details: ProblemDetails = {}): Problem => new Problem(code, details);
