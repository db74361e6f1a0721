/** What can be told about a deposit. Only `credited`, a fact of the ledger, completes it; the others move no money. */
export type DepositFact = { fact: 'credited' } | { fact: 'failed' | 'expired' | 'cancelled'; reason: string };

export type DepositStatus = 'pending' | 'failed' | 'expired' | 'cancelled' | 'completed';

export type DepositDecision =
  | { accepted: true; status: Exclude<DepositStatus, 'pending'>; reason: string | null }
  | { accepted: false };

/**
 * The whole life of a deposit. Read a row as: in this status, this fact leads there; `ignore` is a repetition or an older truth.
 *
 * Facts come in any order and more than once, so each status only yields to a more final one: an attempt that failed can still be
 * paid, an expired purchase is closed to new payers, a cancelled one is unpayable (REVIO.md section 3), and money that was credited
 * is there whatever was said before it (M7). Any order of the same facts therefore ends in the same status.
 */
const table = {
  pending: { failed: 'failed', expired: 'expired', cancelled: 'cancelled', credited: 'completed' },
  failed: { failed: 'ignore', expired: 'expired', cancelled: 'cancelled', credited: 'completed' },
  expired: { failed: 'ignore', expired: 'ignore', cancelled: 'cancelled', credited: 'completed' },
  cancelled: { failed: 'ignore', expired: 'ignore', cancelled: 'ignore', credited: 'completed' },
  completed: { failed: 'ignore', expired: 'ignore', cancelled: 'ignore', credited: 'ignore' },
} as const satisfies Record<DepositStatus, Record<DepositFact['fact'], DepositStatus | 'ignore'>>;

/** What the fact makes of the deposit. A credited one has no reason: all is well with it. */
export function decideDeposit(status: DepositStatus, told: DepositFact): DepositDecision {
  const next = table[status][told.fact];
  if (next === 'ignore') return { accepted: false };
  return { accepted: true, status: next, reason: told.fact === 'credited' ? null : told.reason };
}
