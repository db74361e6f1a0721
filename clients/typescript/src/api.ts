// Generated from docs/openapi.json by `npm run generate`. Not to be changed by hand.

export type AdminTransactionDetails = {
  user_id: string;
  user_email: string | null;
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  id: string;
  type: 'deposit' | 'withdrawal' | 'reversal';
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
  /** Why it ended, as a stable word; null while all is well. */
  reason: string | null;
  /** A decimal string with all of the currency’s digits. */
  amount: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC. */
  updated_at: string;
  /** Where the payer pays; of a deposit, once Revio has given it. */
  checkout_url?: string;
  /** RFC 3339, UTC. */
  due_at?: string;
  bank_account_id?: string;
  /** Of a withdrawal that an admin has to approve: held, and not paid out until then. */
  approval?: 'waiting' | 'approved' | 'rejected';
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  reversal_of?: string;
  reversal?: 'refund' | 'chargeback' | 'payout_return';
  provider: {
    purchase_id: string | null;
    payout_id: string | null;
    reversal_source_id: string | null;
    payouts: Array<{
      id: string;
      /** RFC 3339, UTC. */
      created_at: string;
      dead_at: string | null;
    }>;
  };
  /** How far the workers are with it. */
  work: {
    status: string;
    next_step: string | null;
    attempts: number;
    leased_until: string | null;
    reserved_at: string | null;
    execute_sent_at: string | null;
  };
  timeline: Array<{
    status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
    /** Why it ended, as a stable word; null while all is well. */
    reason: string | null;
    /** RFC 3339, UTC. */
    at: string;
    /** The same for people. */
    text: string;
  }>;
  webhook_events: Array<{
    delivery_id: string;
    /** Revio’s name of the event. */
    type: string | null;
    received_at: string | null;
    outcome: 'applied' | 'ignored' | 'parked' | 'case' | null;
    text: string;
    reason: string | null;
  }>;
  reversals: Array<{
    /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
    id: string;
    reversal: 'refund' | 'chargeback' | 'payout_return' | null;
    /** A decimal string with all of the currency’s digits. */
    amount: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
    /** RFC 3339, UTC. */
    created_at: string;
  }>;
};

export type AuditEntry = {
  /** Its place in the chain. */
  seq: string;
  /** RFC 3339, UTC. */
  recorded_at: string;
  /** RFC 3339, UTC. */
  acted_at: string;
  source: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
  act_id: string;
  actor_id: string | null;
  action: string;
  about: string | null;
  address: string | null;
  request_id: string | null;
  /** SHA-256 over the entry and the hash before it, hex. */
  hash: string;
};

export type BankAccount = {
  id: string;
  bank_code: string;
  bank_name: string | null;
  account_holder: string;
  /** Masked but for its last digits. */
  account_number: string;
  /** RFC 3339, UTC. */
  created_at: string;
  /** Withdrawals can name it from then on. */
  usable_from: string;
};

export type Case = {
  id: string;
  /** A stable word, such as `unknown_outcome`. */
  cause: string;
  status: 'open' | 'in_review' | 'resolved' | 'dismissed';
  transaction_id: string | null;
  object_id: string | null;
  assignee: string | null;
  /** Ids, statuses and amounts of both sides. */
  evidence: Record<string, unknown>;
  /** RFC 3339, UTC. */
  opened_at: string;
  closed_at: string | null;
};

export type DailyReport = {
  day: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** A new run makes a new version; those before it stay. */
  version: number;
  time_zone: string;
  /** RFC 3339, UTC. */
  from: string;
  /** RFC 3339, UTC. */
  until: string;
  /** RFC 3339, UTC. */
  taken_at: string;
  /** Whether the day was over. Before that the report ends when it was taken. */
  final: boolean;
  /** The statement that spoke for Revio, if one was imported. */
  statement_id: string | null;
  /** Objects that should have been read at Revio first and could not be. */
  unread: number;
  opening: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  deposits: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  withdrawals: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  reversals: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  payout_returns: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  adjustments: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  closing: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  /** What Revio kept. Reported, in no total. */
  fees: string;
  /** Of matched items that the two sides count on different days. */
  cut_off: string;
  /** The sum of the items that do not match. */
  unexplained: string;
  counts: {
    matched: number;
    missing_here: number;
    missing_there: number;
    amount: number;
    currency: number;
    status: number;
    ours_alone: number;
  };
};

export type DailyReportWithItems = {
  day: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** A new run makes a new version; those before it stay. */
  version: number;
  time_zone: string;
  /** RFC 3339, UTC. */
  from: string;
  /** RFC 3339, UTC. */
  until: string;
  /** RFC 3339, UTC. */
  taken_at: string;
  /** Whether the day was over. Before that the report ends when it was taken. */
  final: boolean;
  /** The statement that spoke for Revio, if one was imported. */
  statement_id: string | null;
  /** Objects that should have been read at Revio first and could not be. */
  unread: number;
  opening: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  deposits: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  withdrawals: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  reversals: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  payout_returns: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  adjustments: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  closing: {
    /** A decimal string with all of the currency’s digits. */
    ours: string;
    /** A decimal string with all of the currency’s digits. */
    theirs: string;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
  };
  /** What Revio kept. Reported, in no total. */
  fees: string;
  /** Of matched items that the two sides count on different days. */
  cut_off: string;
  /** The sum of the items that do not match. */
  unexplained: string;
  counts: {
    matched: number;
    missing_here: number;
    missing_there: number;
    amount: number;
    currency: number;
    status: number;
    ours_alone: number;
  };
  items: Array<{
    line: number;
    /** One of the words in `counts`. */
    result: string;
    kind: 'deposit' | 'withdrawal' | 'reversal' | 'payout_return' | 'adjustment';
    object_id: string;
    transaction_id: string | null;
    reference: string | null;
    ours: {
      /** A decimal string with all of the currency’s digits. */
      amount: string;
      currency: string;
      at: string | null;
      on_day: boolean | null;
    } | null;
    theirs: {
      /** A decimal string with all of the currency’s digits. */
      amount: string;
      currency: string;
      at: string | null;
      on_day: boolean | null;
      status: string | null;
      told_by: string | null;
    } | null;
    /** A decimal string with all of the currency’s digits. */
    difference: string;
    case_id: string | null;
  }>;
  /** Send it as `after` for the next page. */
  next_after: number | null;
};

export type DeadLetter = {
  id: string;
  /** Whose queue it died in. */
  queue: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
  state: 'open' | 'replayed' | 'discarded';
  message_id: string;
  /** What the message says it is; null of junk. */
  type: string | null;
  /** The transaction that it is about. */
  correlation_id: string | null;
  /** What was wrong, without values. */
  reason: string;
  attempts: number;
  deaths: number;
  replays: number;
  /** RFC 3339, UTC. */
  first_died_at: string;
  /** RFC 3339, UTC. */
  died_at: string;
  /** Why it was discarded. */
  note: string | null;
};

export type DeadLetterDetails = {
  id: string;
  /** Whose queue it died in. */
  queue: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
  state: 'open' | 'replayed' | 'discarded';
  message_id: string;
  /** What the message says it is; null of junk. */
  type: string | null;
  /** The transaction that it is about. */
  correlation_id: string | null;
  /** What was wrong, without values. */
  reason: string;
  attempts: number;
  deaths: number;
  replays: number;
  /** RFC 3339, UTC. */
  first_died_at: string;
  /** RFC 3339, UTC. */
  died_at: string;
  /** Why it was discarded. */
  note: string | null;
  trace_id: string | null;
  content_type: string | null;
  headers: unknown;
  payload_bytes: number;
  /** As JSON, or null. */
  payload: unknown;
  /** Where it is no JSON: its first 64 KiB. */
  payload_base64: string | null;
  history: Array<{
    /** RFC 3339, UTC. */
    died_at: string;
    /** What was wrong, without values. */
    reason: string;
    attempts: number;
  }>;
  replay_jobs: Array<ReplayJob>;
};

export type DeadLetterGroup = {
  /** Whose queue it died in. */
  queue: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
  /** What the message says it is; null of junk. */
  type: string | null;
  /** What was wrong, without values. */
  reason: string;
  count: number;
  /** RFC 3339, UTC. */
  first_died_at: string;
  /** RFC 3339, UTC. */
  last_died_at: string;
};

export type Delivery = {
  id: string;
  state: 'unverified' | 'refused' | 'stored' | 'received' | 'retrying' | 'dead_lettered' | 'processing' | 'completed' | 'case';
  reason: string | null;
  event_type: string | null;
  object_type: string | null;
  object_id: string | null;
  scheme: 'plain' | 'timestamped';
  signed_by: string | null;
  event_id: string | null;
  sent_at: string | null;
  signature: string | null;
  source_address: string;
  body_bytes: number;
  /** SHA-256 of the body, hex. */
  digest: string;
  attempts: number;
  duplicates: number;
  last_duplicate_at: string | null;
  transaction_id: string | null;
  /** RFC 3339, UTC. */
  received_at: string;
  /** RFC 3339, UTC. */
  updated_at: string;
  /** What was sent, personal data masked; null once it has expired. */
  payload: unknown;
};

export type ExportedTransaction = {
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  id: string;
  type: 'deposit' | 'withdrawal' | 'reversal';
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
  /** Why it ended, as a stable word; null while all is well. */
  reason: string | null;
  /** A decimal string with all of the currency’s digits. */
  amount: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** What it did to the wallet; null until it is completed. */
  money_in: string | null;
  /** What it did to the wallet; null until it is completed. */
  money_out: string | null;
  /** RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC. */
  updated_at: string;
  reversal_of: string | null;
  reversal: 'refund' | 'chargeback' | 'payout_return' | null;
};

export type ForetoldReplay = {
  id: string;
  /** Whose queue it died in. */
  queue: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
  message_id: string;
  /** What the message says it is; null of junk. */
  type: string | null;
  effect: 'none' | 'handled' | 'dies_again' | 'unknown';
  detail: string;
};

export type Freeze = {
  id: string;
  scope: 'wallet' | 'everything';
  user_id: string | null;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND' | null;
  reason: string;
  /** An admin’s user id, `checker`, or `case:` and the id of a case. */
  frozen_by: string;
  /** RFC 3339, UTC. */
  frozen_at: string;
  release_proposed_by: string | null;
  release_proposed_at: string | null;
  released_by: string | null;
  released_at: string | null;
};

export type HistorySummary = Array<{
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** A decimal string with all of the currency’s digits. */
  deposited: string;
  /** A decimal string with all of the currency’s digits. */
  withdrawn: string;
  /** A decimal string with all of the currency’s digits. */
  net: string;
}>;

export type Pagination = {
  per_page: number;
  /** Send it as `cursor`; null at the end. */
  next_cursor: string | null;
  page?: number;
  /** Counted up to 10 000. Not said behind a cursor. */
  total?: number;
  /** False: there are more than `total`. */
  total_is_exact?: boolean;
  total_pages?: number;
};

export type Proposal = {
  id: string;
  kind: 'adjustment' | 'resolution';
  case_id: string | null;
  state: 'proposed' | 'expired' | 'rejected' | 'approved' | 'executed' | 'failed';
  /** What is proposed; amounts in minor units. */
  content: Record<string, unknown>;
  /** SHA-256 of the content, hex; in quotes it is the `ETag`. */
  content_hash: string;
  proposed_by: string;
  /** RFC 3339, UTC. */
  proposed_at: string;
  /** RFC 3339, UTC. */
  expires_at: string;
  decided_by: string | null;
  decided_at: string | null;
  note: string | null;
  /** Why the wallet refused it. */
  failure: string | null;
};

export type ProviderStatement = {
  id: string;
  day: string;
  content_hash: string;
  lines: number;
  imported_by: string;
  /** RFC 3339, UTC. */
  imported_at: string;
};

export type ReplayJob = {
  id: string;
  state: 'running' | 'done' | 'cancelled';
  total: number;
  waiting: number;
  done: number;
  failed: number;
  cancelled: number;
  /** Of those done, the ones that have died since. */
  died_again: number;
  wanted: Record<string, unknown>;
  requested_by: string;
  /** RFC 3339, UTC. */
  requested_at: string;
  ended_at: string | null;
};

export type ReportRun = {
  id: string;
  day: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** `schedule`, or the statement or request that asked for it. */
  cause: string;
  /** RFC 3339, UTC. */
  requested_at: string;
  state: 'wanted' | 'failed';
  attempts: number;
  failure: string | null;
};

export type Session = {
  id: string;
  /** RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC. */
  last_used_at: string;
  /** When it ends unless it is refreshed. */
  expires_at: string;
  address: string | null;
  user_agent: string | null;
  /** Whether it is the one that asks. */
  current: boolean;
};

export type Tokens = {
  /** For `Authorization: Bearer …`. */
  access_token: string;
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  /** For one refresh. Keep it where nobody else reads it. */
  refresh_token: string;
  /** Seconds. */
  refresh_expires_in: number;
};

export type Transaction = {
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  id: string;
  type: 'deposit' | 'withdrawal' | 'reversal';
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
  /** Why it ended, as a stable word; null while all is well. */
  reason: string | null;
  /** A decimal string with all of the currency’s digits. */
  amount: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC. */
  updated_at: string;
  /** Where the payer pays; of a deposit, once Revio has given it. */
  checkout_url?: string;
  /** RFC 3339, UTC. */
  due_at?: string;
  bank_account_id?: string;
  /** Of a withdrawal that an admin has to approve: held, and not paid out until then. */
  approval?: 'waiting' | 'approved' | 'rejected';
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  reversal_of?: string;
  reversal?: 'refund' | 'chargeback' | 'payout_return';
};

export type TransactionDetails = {
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  id: string;
  type: 'deposit' | 'withdrawal' | 'reversal';
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
  /** Why it ended, as a stable word; null while all is well. */
  reason: string | null;
  /** A decimal string with all of the currency’s digits. */
  amount: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC. */
  updated_at: string;
  /** Where the payer pays; of a deposit, once Revio has given it. */
  checkout_url?: string;
  /** RFC 3339, UTC. */
  due_at?: string;
  bank_account_id?: string;
  /** Of a withdrawal that an admin has to approve: held, and not paid out until then. */
  approval?: 'waiting' | 'approved' | 'rejected';
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  reversal_of?: string;
  reversal?: 'refund' | 'chargeback' | 'payout_return';
  timeline: Array<{
    status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
    /** Why it ended, as a stable word; null while all is well. */
    reason: string | null;
    /** RFC 3339, UTC. */
    at: string;
    /** The same for people. */
    text: string;
  }>;
  webhook_events: Array<{
    /** Revio’s name of the event. */
    type: string | null;
    received_at: string | null;
    outcome: 'applied' | 'ignored' | 'parked' | 'case' | null;
    text: string;
  }>;
  reversals: Array<{
    /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
    id: string;
    reversal: 'refund' | 'chargeback' | 'payout_return' | null;
    /** A decimal string with all of the currency’s digits. */
    amount: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
    /** RFC 3339, UTC. */
    created_at: string;
  }>;
};

export type TransactionStory = {
  transaction_id: string;
  /** Services that did not answer: what they know is missing. */
  incomplete: Array<'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler'>;
  /** Services that know more than the oldest 200 things. */
  cut: Array<'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler'>;
  data: Array<{
    /** RFC 3339, UTC. */
    at: string;
    service: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
    kind: 'request' | 'transition' | 'payout' | 'hold' | 'posting' | 'delivery' | 'observation' | 'decision' | 'case' | 'act' | 'dead_letter' | 'told' | 'heard';
    text: string;
    /** Of messages, postings, deliveries, acts and objects at Revio. */
    ids: Record<string, string>;
    /** Of the W3C trace that it happened in. */
    trace_id: string | null;
  }>;
};

export type User = {
  id: string;
  email: string;
  role: 'user' | 'support' | 'admin';
  /** RFC 3339, UTC. */
  created_at: string;
};

export type WaitingWithdrawal = {
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  id: string;
  type: 'deposit' | 'withdrawal' | 'reversal';
  status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
  /** Why it ended, as a stable word; null while all is well. */
  reason: string | null;
  /** A decimal string with all of the currency’s digits. */
  amount: string;
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC. */
  updated_at: string;
  /** Where the payer pays; of a deposit, once Revio has given it. */
  checkout_url?: string;
  /** RFC 3339, UTC. */
  due_at?: string;
  bank_account_id?: string;
  /** Of a withdrawal that an admin has to approve: held, and not paid out until then. */
  approval?: 'waiting' | 'approved' | 'rejected';
  /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
  reversal_of?: string;
  reversal?: 'refund' | 'chargeback' | 'payout_return';
  user_id: string;
};

export type Wallet = {
  currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  /** What can be withdrawn. */
  available: string;
  /** What withdrawals on their way have taken. */
  held: string;
  /** What a refund or chargeback left open; the next deposit pays it first. */
  debt: string;
  /** No withdrawal can begin; deposits land. Not said of a past moment. */
  frozen?: boolean;
  /** The past moment that was asked for. */
  at?: string;
};

export type WholeCase = {
  id: string;
  /** A stable word, such as `unknown_outcome`. */
  cause: string;
  status: 'open' | 'in_review' | 'resolved' | 'dismissed';
  transaction_id: string | null;
  object_id: string | null;
  assignee: string | null;
  /** Ids, statuses and amounts of both sides. */
  evidence: Record<string, unknown>;
  /** RFC 3339, UTC. */
  opened_at: string;
  closed_at: string | null;
  verdicts: Array<{
    slot: string;
    outcome: string;
    object_id: string;
    /** Integer minor units (cents for ZAR) as a string */
    amount_minor: string;
    reason: string;
    /** RFC 3339, UTC. */
    decided_at: string;
    evidence: Record<string, unknown>;
  }>;
  proposals: Array<Proposal>;
  history: Array<{
    /** RFC 3339, UTC. */
    at: string;
    actor_id: string;
    actor_role: 'user' | 'support' | 'admin';
    action: string;
    proposal_id: string | null;
    note: string | null;
  }>;
};

/** Every code that a refusal can have; each has a page, `/problems/<code>`. */
export type ProblemCode =
  | 'address_not_allowed'
  | 'already_decided'
  | 'already_settled'
  | 'amount_above_maximum'
  | 'amount_below_minimum'
  | 'bad_request'
  | 'bank_account_cooling_off'
  | 'bank_account_not_found'
  | 'body_too_large'
  | 'case_closed'
  | 'content_changed'
  | 'contradicted'
  | 'cursor_invalid'
  | 'daily_limit_exceeded'
  | 'day_not_begun'
  | 'dead_letter_not_open'
  | 'email_taken'
  | 'forbidden'
  | 'freeze_released'
  | 'hold_conflict'
  | 'idempotency_key_invalid'
  | 'idempotency_key_missing'
  | 'idempotency_key_reused'
  | 'if_match_missing'
  | 'insufficient_funds'
  | 'internal_error'
  | 'invalid_credentials'
  | 'invalid_refresh_token'
  | 'invalid_signature'
  | 'malformed_json'
  | 'monthly_limit_exceeded'
  | 'not_an_event'
  | 'not_awaiting_approval'
  | 'not_cancellable'
  | 'not_found'
  | 'nothing_expected'
  | 'nothing_to_replay'
  | 'other_admin_needed'
  | 'outcome_unknown'
  | 'overloaded'
  | 'proposal_expired'
  | 'provider_object_unreadable'
  | 'provider_rejected'
  | 'provider_unavailable'
  | 'query_too_broad'
  | 'rate_limited'
  | 'replay_ended'
  | 'replay_under_way'
  | 'request_in_progress'
  | 'self_approval'
  | 'service_unavailable'
  | 'statement_invalid'
  | 'temporarily_unavailable'
  | 'too_many_bank_accounts'
  | 'too_many_streams'
  | 'transaction_not_found'
  | 'unauthenticated'
  | 'unknown_parameter'
  | 'unsupported_media_type'
  | 'validation_failed'
  | 'voided'
  | 'wallet_frozen'
  | 'wallet_in_debt'
  | 'wrong_password';

/** What each operation takes and answers. */
export interface Operations {
  /** Add a bank account to withdraw to. */
  addBankAccount: { input: { body: {
    bank_code: string;
    account_number: string;
    account_holder: string;
    bank_name?: string;
  } }; answer: BankAccount };
  /** Approve what another admin proposed. */
  approveProposal: { input: { params: { id: string }; body?: {
    note?: string;
  }; etag: string }; answer: Proposal };
  /** Let a withdrawal that waits be paid out. */
  approveWithdrawal: { input: { params: { id: string }; body?: {
    note?: string;
  } }; answer: Transaction };
  /** Take up a case, or give it to somebody. */
  assignCase: { input: { params: { id: string }; body: {
    assignee?: string;
  } }; answer: Case };
  /** Stop a replay job half-way. */
  cancelReplay: { input: { params: { id: string } }; answer: ReplayJob };
  /** Cancel a withdrawal that was not sent yet. */
  cancelWithdrawal: { input: { params: { id: string } }; answer: Transaction };
  /** Change the password, and end every session but the one that asks. */
  changePassword: { input: { body: {
    current_password: string;
    new_password: string;
  } }; answer: undefined };
  /** Write something beside a case. */
  commentCase: { input: { params: { id: string }; body: {
    note: string;
  } }; answer: Case };
  /** Begin a deposit. */
  createDeposit: { input: { body: {
    /** A decimal string above zero, such as "150.00", with at most as many decimals as the currency has (ISO 4217). Never a JSON number. */
    amount: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  }; idempotencyKey?: string }; answer: Transaction };
  /** Begin a withdrawal. */
  createWithdrawal: { input: { body: {
    /** A decimal string above zero, such as "150.00", with at most as many decimals as the currency has (ISO 4217). Never a JSON number. */
    amount: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
    bank_account_id: string;
  }; idempotencyKey?: string }; answer: Transaction };
  /** Decide that one is not needed any more. */
  discardDeadLetter: { input: { params: { id: string }; body: {
    reason: string;
  } }; answer: DeadLetter };
  /** Close a case about which nothing has to be done; whoever takes it up opens it again. */
  dismissCase: { input: { params: { id: string }; body: {
    note: string;
  } }; answer: Case };
  /** The whole report as CSV (RFC 4180, safe from formulas). */
  exportReport: { input: { params: { day: string; currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND' }; query?: { version?: string | number } }; answer: Response };
  /** Your transactions as a file. */
  exportTransactions: { input: { query?: { type?: string; status?: string; date_from?: string; date_to?: string; currency?: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND'; min_amount?: string; max_amount?: string; search?: string; sort?: 'created_at' | 'amount'; order?: 'asc' | 'desc'; format?: 'csv' | 'xlsx' | 'json' } }; answer: Response };
  /** Live status of one of your transactions, as server-sent events. */
  followTransaction: { input: { params: { id: string } }; answer: Response };
  /** Freeze withdrawals of one wallet, or of all. */
  freezeWithdrawals: { input: { body: {
    scope: 'wallet';
    user_id: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
    reason: string;
  } | {
    scope: 'everything';
    reason: string;
  } }; answer: Freeze };
  /** The same, grouped by queue, type and error. */
  groupDeadLetters: { input: { query?: { queue?: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler'; state?: 'open' | 'replayed' | 'discarded' } }; answer: {
    data: Array<DeadLetterGroup>;
  } };
  /** Import Revio’s own list of a day. */
  importStatement: { input: { body: {
    /** A day of the report’s time zone. */
    day: string;
    /** The file, UTF-8, RFC 4180; its columns are in docs/reports.md. */
    csv: string;
  } }; answer: ProviderStatement };
  /** Transactions of all users, newest first. */
  listAllTransactions: { input: { query?: { type?: string; status?: string; date_from?: string; date_to?: string; currency?: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND'; min_amount?: string; max_amount?: string; search?: string; sort?: 'created_at' | 'amount'; order?: 'asc' | 'desc'; page?: string | number; per_page?: string | number; cursor?: string; summary?: 'true' | 'false'; user_id?: string; user_email?: string } }; answer: {
    data: Array<{
      user_id: string;
      user_email: string | null;
      /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
      id: string;
      type: 'deposit' | 'withdrawal' | 'reversal';
      status: 'pending' | 'processing' | 'completed' | 'failed' | 'expired' | 'cancelled';
      /** Why it ended, as a stable word; null while all is well. */
      reason: string | null;
      /** A decimal string with all of the currency’s digits. */
      amount: string;
      currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
      /** RFC 3339, UTC. */
      created_at: string;
      /** RFC 3339, UTC. */
      updated_at: string;
      /** Where the payer pays; of a deposit, once Revio has given it. */
      checkout_url?: string;
      /** RFC 3339, UTC. */
      due_at?: string;
      bank_account_id?: string;
      /** Of a withdrawal that an admin has to approve: held, and not paid out until then. */
      approval?: 'waiting' | 'approved' | 'rejected';
      /** Of a transaction: `dep_…`, `wd_…` or `rev_…`. */
      reversal_of?: string;
      reversal?: 'refund' | 'chargeback' | 'payout_return';
    }>;
    pagination: Pagination;
    summary?: HistorySummary;
  } };
  /** Who did what: logins, refusals and every act of an admin, newest first. */
  listAuditLog: { input: { query?: { source?: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler'; actor_id?: string; action?: string; about?: string; from?: string; to?: string; cursor?: string | number; limit?: string | number } }; answer: {
    data: Array<AuditEntry>;
    next_cursor: string | null;
  } };
  /** Your bank accounts, newest first. */
  listBankAccounts: { input: Record<never, never>; answer: {
    data: Array<BankAccount>;
  } };
  /** Cases: what no rule may settle. */
  listCases: { input: { query?: { status?: 'open' | 'in_review' | 'resolved' | 'dismissed'; cause?: string; cursor?: string; limit?: string | number } }; answer: {
    data: Array<Case>;
    next_cursor: string | null;
  } };
  /** Messages that no service could process, the latest first. */
  listDeadLetters: { input: { query?: { queue?: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler'; type?: string; reason?: string; state?: 'open' | 'replayed' | 'discarded'; correlation_id?: string; cursor?: string; limit?: string | number } }; answer: {
    data: Array<DeadLetter>;
    next_cursor: string | null;
  } };
  /** What Revio delivered, newest first. */
  listDeliveries: { input: { query?: { id?: string; transaction_id?: string; object_id?: string; state?: 'unverified' | 'refused' | 'stored' | 'received' | 'retrying' | 'dead_lettered' | 'processing' | 'completed' | 'case'; cursor?: string; limit?: string | number } }; answer: {
    data: Array<Delivery>;
    next_cursor: string | null;
  } };
  /** Freezes: all in force, and those lifted lately. */
  listFreezes: { input: Record<never, never>; answer: {
    data: Array<Freeze>;
  } };
  /** Proposals, newest first. */
  listProposals: { input: { query?: { state?: 'proposed' | 'rejected' | 'approved' | 'executed' | 'failed' } }; answer: {
    data: Array<Proposal>;
  } };
  /** Replay jobs, newest first. */
  listReplays: { input: Record<never, never>; answer: {
    data: Array<ReplayJob>;
  } };
  /** The latest daily reports, and those that are being made. */
  listReports: { input: Record<never, never>; answer: {
    data: Array<DailyReport>;
    runs: Array<ReportRun>;
  } };
  /** Where you are logged in, the newest first. */
  listSessions: { input: Record<never, never>; answer: {
    data: Array<Session>;
  } };
  /** Your transactions, newest first. */
  listTransactions: { input: { query?: { type?: string; status?: string; date_from?: string; date_to?: string; currency?: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND'; min_amount?: string; max_amount?: string; search?: string; sort?: 'created_at' | 'amount'; order?: 'asc' | 'desc'; page?: string | number; per_page?: string | number; cursor?: string; summary?: 'true' | 'false' } }; answer: {
    data: Array<Transaction>;
    pagination: Pagination;
    summary?: HistorySummary;
  } };
  /** Withdrawals that wait for an approval. */
  listWaitingWithdrawals: { input: Record<never, never>; answer: {
    data: Array<WaitingWithdrawal>;
  } };
  /** Your wallets. */
  listWallets: { input: { query?: { at?: string } }; answer: {
    data: Array<Wallet>;
  } };
  /** Get an access token and a refresh token. */
  login: { input: { body: {
    email: string;
    password: string;
  } }; answer: Tokens };
  /** End the session of a refresh token. */
  logout: { input: { body: {
    refresh_token: string;
  } }; answer: undefined };
  /** Propose to correct a balance. */
  proposeAdjustment: { input: { body: {
    user_id: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
    /** A decimal string above zero, such as "150.00", with at most as many decimals as the currency has (ISO 4217). Never a JSON number. */
    amount: string;
    direction: 'credit' | 'debit';
    case_id?: string;
    reason_code: string;
    evidence: string;
  } }; answer: Proposal };
  /** Propose how a payment of unknown outcome ended. */
  proposeResolution: { input: { params: { id: string }; body: {
    outcome: 'executed' | 'not_executed';
    reason_code: string;
    evidence: string;
  } | {
    outcome: 'credit_this_purchase';
    /** A decimal string above zero, such as "150.00", with at most as many decimals as the currency has (ISO 4217). Never a JSON number. */
    amount: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
    reason_code: string;
    evidence: string;
  } }; answer: Proposal };
  /** Anybody’s transaction, with the provider’s ids and how far the work is. */
  readAnyTransaction: { input: { params: { id: string } }; answer: AdminTransactionDetails };
  /** A case with all that belongs to it. */
  readCase: { input: { params: { id: string } }; answer: WholeCase };
  /** One with its payload, headers, trace and history. */
  readDeadLetter: { input: { params: { id: string } }; answer: DeadLetterDetails };
  /** This description. */
  readDescription: { input: Record<never, never>; answer: {
    openapi: '3.1.0';
  } };
  /** The public keys of our access tokens. */
  readKeys: { input: Record<never, never>; answer: {
    keys: Array<{
      kty: string;
      kid: string;
      alg: string;
    }>;
  } };
  /** Who you are. */
  readMe: { input: Record<never, never>; answer: User };
  /** A proposal, with the `ETag` to decide upon. */
  readProposal: { input: { params: { id: string } }; answer: Proposal };
  /** How far a replay job is. */
  readReplay: { input: { params: { id: string } }; answer: ReplayJob };
  /** A day in one currency: the ledger beside Revio, item by item. */
  readReport: { input: { params: { day: string; currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND' }; query?: { version?: string | number; result?: 'matched' | 'missing_here' | 'missing_there' | 'amount' | 'currency' | 'status' | 'ours_alone'; after?: string | number } }; answer: DailyReportWithItems };
  /** A transaction with its story. */
  readTransaction: { input: { params: { id: string } }; answer: TransactionDetails };
  /** What all services know of a transaction, by time. */
  readTransactionStory: { input: { params: { id: string } }; answer: TransactionStory };
  /** Your balance in a currency. */
  readWallet: { input: { params: { currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND' }; query?: { at?: string } }; answer: Wallet };
  /** Get new tokens for a refresh token. */
  refresh: { input: { body: {
    refresh_token: string;
  } }; answer: Tokens };
  /** Become a user. */
  register: { input: { body: {
    email: string;
    password: string;
  } }; answer: User };
  /** Reject what another admin proposed. */
  rejectProposal: { input: { params: { id: string }; body?: {
    note?: string;
  }; etag: string }; answer: Proposal };
  /** Turn a withdrawal that waits back. */
  rejectWithdrawal: { input: { params: { id: string }; body: {
    note: string;
  } }; answer: Transaction };
  /** Propose to lift a freeze, or as another admin lift it. */
  releaseFreeze: { input: { params: { id: string } }; answer: Freeze };
  /** Remove a bank account. */
  removeBankAccount: { input: { params: { id: string } }; answer: undefined };
  /** Put one back into its queue, under its own id. */
  replayDeadLetter: { input: { params: { id: string }; body?: {
    /** Only say what it would come to. */
    dry_run?: boolean;
  } }; answer: {
    data: Array<ForetoldReplay>;
  } | ReplayJob };
  /** Put many back: by ids, or all open ones that have something in common. */
  replayDeadLetters: { input: { body: {
    queue?: 'gateway' | 'wallet' | 'payments' | 'webhooks' | 'reconciler';
    type?: string;
    reason?: string;
    ids?: Array<string>;
    /** Only say what it would come to. */
    dry_run?: boolean;
  } }; answer: {
    data: Array<ForetoldReplay>;
  } | ReplayJob };
  /** Close a case that was dealt with. */
  resolveCase: { input: { params: { id: string }; body: {
    note: string;
  } }; answer: Case };
  /** End every session but the one that asks. */
  revokeOtherSessions: { input: Record<never, never>; answer: undefined };
  /** End a session of yours. */
  revokeSession: { input: { params: { id: string } }; answer: undefined };
  /** Make a day’s report again. */
  runReport: { input: { params: { day: string; currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND' } }; answer: {
    run_id: string;
    day: string;
    currency: 'ZAR' | 'USD' | 'EUR' | 'GBP' | 'BWP' | 'NAD' | 'KES' | 'JPY' | 'UGX' | 'KWD' | 'TND';
  } };
}

/** How each operation is asked. */
export const operations = {
  addBankAccount: { method: 'POST', address: '/api/v1/bank-accounts', authorised: true },
  approveProposal: { method: 'POST', address: '/api/v1/admin/proposals/{id}/approve', authorised: true },
  approveWithdrawal: { method: 'POST', address: '/api/v1/admin/withdrawals/{id}/approve', authorised: true },
  assignCase: { method: 'POST', address: '/api/v1/admin/cases/{id}/assign', authorised: true },
  cancelReplay: { method: 'POST', address: '/api/v1/admin/dead-letter-replays/{id}/cancel', authorised: true },
  cancelWithdrawal: { method: 'POST', address: '/api/v1/withdrawals/{id}/cancel', authorised: true },
  changePassword: { method: 'POST', address: '/api/v1/auth/password', authorised: true },
  commentCase: { method: 'POST', address: '/api/v1/admin/cases/{id}/comment', authorised: true },
  createDeposit: { method: 'POST', address: '/api/v1/deposits', authorised: true, keyed: true },
  createWithdrawal: { method: 'POST', address: '/api/v1/withdrawals', authorised: true, keyed: true },
  discardDeadLetter: { method: 'POST', address: '/api/v1/admin/dead-letters/{id}/discard', authorised: true },
  dismissCase: { method: 'POST', address: '/api/v1/admin/cases/{id}/dismiss', authorised: true },
  exportReport: { method: 'GET', address: '/api/v1/admin/reports/{day}/{currency}/export', authorised: true, raw: true },
  exportTransactions: { method: 'GET', address: '/api/v1/transactions/export', authorised: true, raw: true },
  followTransaction: { method: 'GET', address: '/api/v1/transactions/{id}/events', authorised: true, raw: true },
  freezeWithdrawals: { method: 'POST', address: '/api/v1/admin/freezes', authorised: true },
  groupDeadLetters: { method: 'GET', address: '/api/v1/admin/dead-letter-groups', authorised: true },
  importStatement: { method: 'POST', address: '/api/v1/admin/statements', authorised: true },
  listAllTransactions: { method: 'GET', address: '/api/v1/admin/transactions', authorised: true },
  listAuditLog: { method: 'GET', address: '/api/v1/admin/audit-log', authorised: true },
  listBankAccounts: { method: 'GET', address: '/api/v1/bank-accounts', authorised: true },
  listCases: { method: 'GET', address: '/api/v1/admin/cases', authorised: true },
  listDeadLetters: { method: 'GET', address: '/api/v1/admin/dead-letters', authorised: true },
  listDeliveries: { method: 'GET', address: '/api/v1/admin/deliveries', authorised: true },
  listFreezes: { method: 'GET', address: '/api/v1/admin/freezes', authorised: true },
  listProposals: { method: 'GET', address: '/api/v1/admin/proposals', authorised: true },
  listReplays: { method: 'GET', address: '/api/v1/admin/dead-letter-replays', authorised: true },
  listReports: { method: 'GET', address: '/api/v1/admin/reports', authorised: true },
  listSessions: { method: 'GET', address: '/api/v1/auth/sessions', authorised: true },
  listTransactions: { method: 'GET', address: '/api/v1/transactions', authorised: true },
  listWaitingWithdrawals: { method: 'GET', address: '/api/v1/admin/withdrawals', authorised: true },
  listWallets: { method: 'GET', address: '/api/v1/wallets', authorised: true },
  login: { method: 'POST', address: '/api/v1/auth/login' },
  logout: { method: 'POST', address: '/api/v1/auth/logout' },
  proposeAdjustment: { method: 'POST', address: '/api/v1/admin/adjustments', authorised: true },
  proposeResolution: { method: 'POST', address: '/api/v1/admin/cases/{id}/resolutions', authorised: true },
  readAnyTransaction: { method: 'GET', address: '/api/v1/admin/transactions/{id}', authorised: true },
  readCase: { method: 'GET', address: '/api/v1/admin/cases/{id}', authorised: true },
  readDeadLetter: { method: 'GET', address: '/api/v1/admin/dead-letters/{id}', authorised: true },
  readDescription: { method: 'GET', address: '/openapi.json' },
  readKeys: { method: 'GET', address: '/.well-known/jwks.json' },
  readMe: { method: 'GET', address: '/api/v1/me', authorised: true },
  readProposal: { method: 'GET', address: '/api/v1/admin/proposals/{id}', authorised: true },
  readReplay: { method: 'GET', address: '/api/v1/admin/dead-letter-replays/{id}', authorised: true },
  readReport: { method: 'GET', address: '/api/v1/admin/reports/{day}/{currency}', authorised: true },
  readTransaction: { method: 'GET', address: '/api/v1/transactions/{id}', authorised: true },
  readTransactionStory: { method: 'GET', address: '/api/v1/admin/transactions/{id}/story', authorised: true },
  readWallet: { method: 'GET', address: '/api/v1/wallets/{currency}', authorised: true },
  refresh: { method: 'POST', address: '/api/v1/auth/refresh' },
  register: { method: 'POST', address: '/api/v1/auth/register' },
  rejectProposal: { method: 'POST', address: '/api/v1/admin/proposals/{id}/reject', authorised: true },
  rejectWithdrawal: { method: 'POST', address: '/api/v1/admin/withdrawals/{id}/reject', authorised: true },
  releaseFreeze: { method: 'POST', address: '/api/v1/admin/freezes/{id}/release', authorised: true },
  removeBankAccount: { method: 'DELETE', address: '/api/v1/bank-accounts/{id}', authorised: true },
  replayDeadLetter: { method: 'POST', address: '/api/v1/admin/dead-letters/{id}/replay', authorised: true },
  replayDeadLetters: { method: 'POST', address: '/api/v1/admin/dead-letter-replays', authorised: true },
  resolveCase: { method: 'POST', address: '/api/v1/admin/cases/{id}/resolve', authorised: true },
  revokeOtherSessions: { method: 'DELETE', address: '/api/v1/auth/sessions', authorised: true },
  revokeSession: { method: 'DELETE', address: '/api/v1/auth/sessions/{id}', authorised: true },
  runReport: { method: 'POST', address: '/api/v1/admin/reports/{day}/{currency}/runs', authorised: true },
} as const;
