import { z } from 'zod';
import { baseConfig, count, durationMs, secretKey } from '#libs/runtime';

export const config = z.object({
  ...baseConfig,
  /** Signs the internal tokens for this service; callers have it too. */
  INTERNAL_KEY: secretKey(),
  /** How often the ledger is checked against itself (R5): a drift is seen, and withdrawals are frozen, within this. */
  LEDGER_CHECK_INTERVAL_MS: durationMs(60_000),
  /** Every how many checks each entry's hash is verified again, and not only those of new entries: once an hour. */
  LEDGER_CHECK_FULL_EVERY: count(60, { min: 1, max: 100_000 }),
});

export type Config = z.infer<typeof config>;
