import type { Clock } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { LedgerState } from './check-ledger.ts';
import type { Checked } from './watch-ledger.ts';

/**
 * What the last check found, and nothing when that is not known: a gauge whose check failed, or is older than three intervals, is
 * absent, because an error must never read as zero. Only the time of the last good check stays, to be seen growing old.
 */
export function exposeLedger(
  metrics: Metrics,
  checker: { last: () => Checked | undefined; clock: Pick<Clock, 'monotonicMs'>; intervalMs: number },
): void {
  const state = (): LedgerState => {
    const last = checker.last();
    const ageMs = last === undefined ? Number.POSITIVE_INFINITY : checker.clock.monotonicMs() - last.monotonicMs;
    if (last === undefined || ageMs > 3 * checker.intervalMs) throw new Error('no check of late');
    return last.state;
  };
  const single = (name: string, help: string, value: (state: LedgerState) => number) =>
    metrics.gauge({ name, help, collect: (gauge) => gauge.set(value(state())) });
  const perCurrency = (name: string, help: string, values: (state: LedgerState) => ReadonlyMap<string, bigint>) =>
    metrics.gauge({
      ...{ name, help, labels: ['currency'] as const },
      collect: (gauge) => {
        const found = values(state());
        gauge.reset();
        for (const [currency, amountMinor] of found) gauge.set({ currency }, Number(amountMinor));
      },
    });

  perCurrency(
    'ledger_imbalance_minor',
    'By how much postings do not sum to zero (I1)',
    (found) => found.imbalanceMinor,
  );
  perCurrency(
    'ledger_debts_minor',
    'What users owe after a reversal of money they had spent',
    (found) => found.debtsMinor,
  );
  single('ledger_drift_wallets', 'Wallets with a broken invariant', (found) => found.driftWallets);
  single('ledger_negative_accounts', 'Balances below zero (I3)', (found) => found.negativeAccounts);
  single('ledger_holds_open', 'Holds that are neither posted nor voided', (found) => found.holdsOpen);

  let checkedAt: Date | undefined;
  metrics.gauge({
    name: 'ledger_check_timestamp_seconds',
    help: 'When the ledger was last checked by this process, Unix time',
    collect: (gauge) => {
      checkedAt = checker.last()?.at ?? checkedAt;
      if (checkedAt === undefined) throw new Error('never checked');
      gauge.set(checkedAt.getTime() / 1000);
    },
  });
}
