/** What every problem of a code has in common. */
export interface ProblemKind {
  status: number;
  /** The same sentence for every problem of this code. */
  title: string;
  /** When it is answered. */
  when: string;
  /** What whoever called does about it. */
  remedy: string;
}

/**
 * Every refusal that a client can hear, of all services. A code is for good: clients branch on it. Each has a page, `docs/problems/<code>.md`,
 * which `npm run generate` writes from here, and the gateway shows it where the problem's `type` points.
 */
export const problemCatalogue = {
  // What is wrong with any request.
  malformed_json: {
    status: 400,
    title: 'The body is not valid JSON',
    when: 'The body cannot be read as JSON (RFC 8259). Nothing was stored.',
    remedy: 'Mend the body. It is one JSON object.',
  },
  bad_request: {
    status: 400,
    title: 'The request is malformed',
    when: 'The request is no proper HTTP: a path that does not decode, a body shorter than its length.',
    remedy: 'Mend the client.',
  },
  unknown_parameter: {
    status: 400,
    title: 'There is no such query parameter',
    when: 'The query names a parameter that the operation does not have; `errors` says which. A filter that is misspelt must not look like one that filters nothing.',
    remedy: 'Leave the parameter out, or spell it as the API description does.',
  },
  validation_failed: {
    status: 422,
    title: 'The request does not fit its schema',
    when: 'A field or parameter is missing, unknown or of another form. `errors` names each with a JSON Pointer (RFC 6901), a code and a sentence. Nothing was stored, the Idempotency-Key included.',
    remedy: 'Mend the fields; the same Idempotency-Key may be used again.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    when: 'The body exceeds the limit of the service. It was not read.',
    remedy: 'Send less. No operation needs more than a few kilobytes.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body must be application/json',
    when: 'The body is of another type, compressed, or not UTF-8.',
    remedy: 'Send plain UTF-8 JSON with `Content-Type: application/json`.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    when: 'The address or the thing that it names does not exist, or is somebody else’s: the two are not told apart.',
    remedy: 'Check the address and the id.',
  },

  // Who may ask.
  unauthenticated: {
    status: 401,
    title: 'A valid access token is needed',
    when: 'The access token is missing, expired, or not one of ours. Which of these is not told.',
    remedy: 'Log in or refresh, and send `Authorization: Bearer <access_token>`.',
  },
  forbidden: {
    status: 403,
    title: 'The token does not permit this',
    when: 'The user is known, but their role may not do this.',
    remedy: 'Ask somebody whose role may.',
  },
  invalid_credentials: {
    status: 401,
    title: 'The e-mail address or the password is wrong',
    when: 'A login failed. An unknown address and a wrong password are answered alike.',
    remedy: 'Try again with the right ones.',
  },
  invalid_refresh_token: {
    status: 401,
    title: 'The refresh token is over',
    when: 'The refresh token is unknown, expired, revoked, or was used before. A token that comes a second time ends its whole session: somebody else may have it.',
    remedy: 'Log in again.',
  },
  wrong_password: {
    status: 403,
    title: 'The current password is wrong',
    when: 'A change of the password came without the right old one. Nothing was changed.',
    remedy: 'Try again with the right one.',
  },
  email_taken: {
    status: 409,
    title: 'There is a user with this e-mail address',
    when: 'A registration names an address that is registered.',
    remedy: 'Log in instead.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    when: 'A limit is used up. `RateLimit` says which and how much is left, `Retry-After` for how long.',
    remedy:
      'Wait for as many seconds as `Retry-After` says. Nothing was done; the same Idempotency-Key may be used again.',
  },

  // Looking back.
  cursor_invalid: {
    status: 400,
    title: 'The cursor does not continue this list',
    when: 'The `cursor` is none that a page gave as `next_cursor`, or it came from a list with other filters or another order.',
    remedy: 'Send the cursor with the very filters and order of its page, or begin without one.',
  },
  query_too_broad: {
    status: 422,
    title: 'The query reads too much',
    when: 'What was asked for was not found within seconds: a rare thing looked for among everything there is.',
    remedy: 'Narrow it, by dates or by user for instance; leave the summary out.',
  },

  too_many_streams: {
    status: 429,
    title: 'Too many live streams are open',
    when: 'The user has as many streams open as one may have, or the replica as many as it serves.',
    remedy: 'Close one that is not read any more, or read the transaction itself every few seconds.',
  },

  // Once and no more.
  idempotency_key_missing: {
    status: 400,
    title: 'An Idempotency-Key header is needed',
    when: 'A request that moves money came without the header.',
    remedy:
      'Send a new random key, a UUID for instance, with each new intent, and the same key with each repeat of it.',
  },
  idempotency_key_invalid: {
    status: 400,
    title: 'The Idempotency-Key must be one header of 1 to 255 visible ASCII characters',
    when: 'The header is empty, repeated, too long, or has other characters.',
    remedy: 'Send one key of visible ASCII characters, a UUID for instance.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key came with another request before',
    when: 'The same key of the same user came with another operation or another body. Nothing was done.',
    remedy: 'Send a new key with a new intent. `"150"` and `"150.00"` are the same amount, and the same request.',
  },
  request_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still being worked on',
    when: 'A repeat has waited ten seconds for the first request, which has no answer yet.',
    remedy: 'Wait for as many seconds as `Retry-After` says, and send the same request with the same key again.',
  },

  // Money.
  transaction_not_found: {
    status: 404,
    title: 'There is no such transaction',
    when: 'None of the user’s own transactions has this id.',
    remedy: 'Check the id.',
  },
  bank_account_not_found: {
    status: 422,
    title: 'There is no such bank account',
    when: 'None of the user’s own bank accounts has the id that the body names. Nothing was stored.',
    remedy: 'Add the bank account first, or name one from the list.',
  },
  too_many_bank_accounts: {
    status: 422,
    title: 'No more bank accounts can be stored',
    when: 'The user has as many as can be stored.',
    remedy: 'Use one of them.',
  },
  not_cancellable: {
    status: 409,
    title: 'The withdrawal can no longer be cancelled',
    when: 'The payout was sent, or the withdrawal has ended.',
    remedy: 'Read the withdrawal to see how it ends.',
  },
  insufficient_funds: {
    status: 422,
    title: 'The available balance is too small',
    when: 'The withdrawal asks for more than is available. It failed, and holds nothing; every repeat is answered the same.',
    remedy: 'Ask for less, or deposit first, with a new Idempotency-Key.',
  },
  wallet_frozen: {
    status: 422,
    title: 'The wallet is frozen',
    when: 'An admin or a check of the books stopped withdrawals of this wallet, or of all. Deposits still land.',
    remedy: 'Ask support. A later try needs a new Idempotency-Key.',
  },
  wallet_in_debt: {
    status: 422,
    title: 'The wallet owes money',
    when: 'A refund or chargeback took back more than was there. Until that is repaid no withdrawal begins; deposits repay it first.',
    remedy: 'Pay in what the wallet shows as its debt, then withdraw.',
  },
  daily_limit_exceeded: {
    status: 422,
    title: 'The daily limit of withdrawals would be exceeded',
    when: 'What was withdrawn today, in days of South Africa, and this amount are more than one user may withdraw in a day. `limit` says how much that is, how much of it is left, and when it begins anew. The withdrawal failed, and holds nothing.',
    remedy:
      'Ask for no more than is left, or wait, with a new Idempotency-Key. What is cancelled or refused counts no more.',
  },
  monthly_limit_exceeded: {
    status: 422,
    title: 'The monthly limit of withdrawals would be exceeded',
    when: 'What was withdrawn in this calendar month and this amount are more than one user may withdraw in a month. `limit` says how much that is, how much of it is left, and when it begins anew. The withdrawal failed, and holds nothing.',
    remedy:
      'Ask for no more than is left, or wait, with a new Idempotency-Key. What is cancelled or refused counts no more.',
  },
  amount_below_minimum: {
    status: 422,
    title: 'The amount is below the smallest that is accepted',
    when: 'Less than `limit` was asked for. Nothing was stored, the Idempotency-Key included.',
    remedy: 'Ask for more.',
  },
  amount_above_maximum: {
    status: 422,
    title: 'The amount is above the largest that is accepted at once',
    when: 'More than `limit` was asked for. Nothing was stored, the Idempotency-Key included.',
    remedy: 'Ask for less.',
  },
  bank_account_cooling_off: {
    status: 422,
    title: 'The bank account is too new to withdraw to',
    when: 'A bank account can be used some time after it was added, so that its owner notices if somebody else added it. `usable_from` says when. Nothing was stored.',
    remedy: 'Wait, or use another bank account.',
  },
  voided: {
    status: 422,
    title: 'The withdrawal was voided before it began',
    when: 'The withdrawal was called off before the wallet could hold its amount.',
    remedy: 'Begin another one with a new Idempotency-Key.',
  },
  provider_rejected: {
    status: 422,
    title: 'The payment provider does not accept this payment',
    when: 'Revio refused to make the payment page. No money moved.',
    remedy: 'Change the amount, or ask support. A new try needs a new Idempotency-Key.',
  },
  provider_object_unreadable: {
    status: 502,
    title: 'The payment provider gives no usable answer about this object',
    when: 'Revio answered something that is not the object that was asked for. Nothing was decided.',
    remedy: 'It is looked into by a person.',
  },
  provider_unavailable: {
    status: 503,
    title: 'The payment provider cannot be asked at the moment',
    when: 'An operation needs a fresh word of Revio, and gets none. Nothing was decided.',
    remedy: 'Try again later.',
  },
  hold_conflict: {
    status: 422,
    title: 'This transaction id was decided for another amount, currency or user',
    when: 'Between services only: a hold was asked for twice with different contents.',
    remedy: 'It is a mistake of ours, and alerts us.',
  },

  // What people do.
  not_awaiting_approval: {
    status: 409,
    title: 'The withdrawal does not wait for an approval',
    when: 'Somebody decided it before, its user cancelled it, or it never had to wait.',
    remedy: 'Read the withdrawal to see what became of it.',
  },
  freeze_released: {
    status: 409,
    title: 'This freeze has been lifted',
    when: 'Somebody lifted it before.',
    remedy: 'Nothing is left to do.',
  },
  other_admin_needed: {
    status: 409,
    title: 'You proposed to lift it; another admin must',
    when: 'Lifting a freeze takes two admins, and the same one asked twice.',
    remedy: 'Ask another admin.',
  },
  case_closed: {
    status: 409,
    title: 'The case is closed',
    when: 'Work on a case that was resolved or dismissed.',
    remedy: 'Read the case to see how it ended.',
  },
  outcome_unknown: {
    status: 409,
    title: 'Only a resolution of two people ends a payout whose outcome is unknown',
    when: 'One person tried to close a case about money of which nobody knows where it is.',
    remedy: 'Propose a resolution, and ask another admin to approve it.',
  },
  dead_letter_not_open: {
    status: 409,
    title: 'The dead message is not open',
    when: 'It was replayed or discarded before, perhaps by somebody else.',
    remedy: 'Read it again. It can be replayed by its id whatever its state.',
  },
  replay_under_way: {
    status: 409,
    title: 'A replay job still has to put this message back',
    when: 'A message was to be discarded that a running job names.',
    remedy: 'Wait until the job ends, or cancel it.',
  },
  replay_ended: {
    status: 409,
    title: 'The replay job has ended',
    when: 'A job was to be cancelled that is done or was cancelled before.',
    remedy: 'Read the job to see what became of it.',
  },
  nothing_to_replay: {
    status: 409,
    title: 'No open dead message fits',
    when: 'A replay names a queue, type or error of which nothing is open, or all of it is in a running job.',
    remedy: 'List the dead messages and the replay jobs.',
  },
  day_not_begun: {
    status: 409,
    title: 'The day has not begun',
    when: 'A report is asked for of a day to come, in the time zone of the reports.',
    remedy: 'Ask for today or a day before it.',
  },
  statement_invalid: {
    status: 422,
    title: 'The file is not a statement of that day',
    when: 'A line of the statement breaks its form, or is of another day. `errors` names lines and columns. Nothing was stored.',
    remedy: 'Mend the file as docs/reports.md has it, and send the whole of it again.',
  },
  nothing_expected: {
    status: 409,
    title: 'There is no transaction and object of ours that this could decide',
    when: 'A resolution for a case that is about no transaction of ours, or with an outcome that does not fit it.',
    remedy: 'Read the case; another outcome, or an adjustment, may fit.',
  },
  if_match_missing: {
    status: 428,
    title: 'If-Match must name the content that was read',
    when: 'A decision came without the `ETag` of what was decided upon.',
    remedy: 'Read the proposal, and send its `ETag` as `If-Match`.',
  },
  content_changed: {
    status: 412,
    title: 'The proposal is not the one that was read',
    when: '`If-Match` names another content.',
    remedy: 'Read the proposal again before deciding.',
  },
  self_approval: {
    status: 403,
    title: 'Another person than the one who proposed it must decide',
    when: 'The admin who proposed it, or whose own withdrawal it is, tried to decide it.',
    remedy: 'Ask another admin.',
  },
  already_decided: {
    status: 409,
    title: 'The proposal was decided before',
    when: 'Somebody else was first.',
    remedy: 'Read the proposal to see what became of it.',
  },
  proposal_expired: {
    status: 409,
    title: 'The proposal has expired',
    when: 'Nobody decided it in time.',
    remedy: 'Propose it again, if it still holds.',
  },
  already_settled: {
    status: 409,
    title: 'There is a verdict already',
    when: 'What the proposal would decide was decided meanwhile, by Revio’s word or by other people.',
    remedy: 'Read the case to see how it ended.',
  },
  contradicted: {
    status: 409,
    title: 'What Revio says at this moment speaks against it',
    when: 'Revio was read before the approval took effect, and says something else.',
    remedy: 'Look at the evidence again; reject the proposal if it is wrong.',
  },

  // What Revio is told.
  not_an_event: {
    status: 422,
    title: 'The body is not an event',
    when: 'A rightly signed delivery is no Revio event. It is kept.',
    remedy: 'Check what is sent.',
  },
  invalid_signature: {
    status: 401,
    title: 'The signature is missing or wrong',
    when: 'A delivery is not signed by a key that we know, or its time is too far off. Which of these is not told.',
    remedy: 'Check the keys and the clock.',
  },
  address_not_allowed: {
    status: 403,
    title: 'This address may not deliver here',
    when: 'The allowlist of addresses is on, and this is none of them.',
    remedy: 'Have the address allowed.',
  },

  // Our side.
  overloaded: {
    status: 503,
    title: 'Too many requests at once',
    when: 'So many wait already that another one would wait in vain. Nothing was done.',
    remedy: 'Wait for as many seconds as `Retry-After` says, then send the same request again.',
  },
  temporarily_unavailable: {
    status: 503,
    title: 'A part of the system cannot be reached at the moment',
    when: 'A database or another service does not answer. Nothing was decided, or the answer was lost.',
    remedy:
      'Send the same request again, with the same Idempotency-Key if it had one: it will not be carried out twice.',
  },
  service_unavailable: {
    status: 503,
    title: 'A part of the system cannot be reached at the moment',
    when: 'The gateway got no answer from the service that does the work. `detail` says whether the request may have been carried out.',
    remedy:
      'Send the same request again, with the same Idempotency-Key if it had one: it will not be carried out twice.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    when: 'A mistake of ours.',
    remedy: 'Tell support the `request_id`. Money is safe: send the same request again with the same Idempotency-Key.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problemCatalogue;
