import { z } from 'zod';
import { type Amounts, parseAmounts } from '#libs/money';
import { baseConfig, count, durationMs, secretKey } from '#libs/runtime';

/** `ZAR:50000.00,USD:2500.00`. A currency that is not named has no limit. */
const amounts = z
  .string()
  .transform((text, ctx): Amounts => {
    try {
      return parseAmounts(text);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  })
  .default({});

export const config = z.object({
  ...baseConfig,
  /** Signs the internal tokens for this service; callers have it too. */
  INTERNAL_KEY: secretKey(),
  /** What one user may withdraw in a day of South Africa (M9), by currency: `ZAR:50000.00`. Empty for no limit. */
  WITHDRAWAL_DAILY_LIMITS: amounts,
  /** The same in a calendar month. */
  WITHDRAWAL_MONTHLY_LIMITS: amounts,
  /** How many holds go in one transaction at most, when they come faster than transactions end; 1 gives each its own. */
  HOLD_BATCH_MAX: count(64, { min: 1, max: 256 }),
  /** How often the ledger is checked against itself (R5): a drift is seen, and withdrawals are frozen, within this. */
  LEDGER_CHECK_INTERVAL_MS: durationMs(60_000),
  /** Every how many checks each entry's hash is verified again, and not only those of new entries: once an hour. */
  LEDGER_CHECK_FULL_EVERY: count(60, { min: 1, max: 100_000 }),
});

export type Config = z.infer<typeof config>;
