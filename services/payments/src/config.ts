import { z } from 'zod';
import { type Amounts, parseAmounts } from '#libs/money';
import { baseConfig, durationMs, flag, httpUrl, secretKey } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';

const sealingKeys = z.string().transform((text, ctx) => {
  try {
    return parseSealingKeys(text);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

/** `ZAR:50000.00,USD:2500.00`. What a currency that is not named has is no limit. */
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

const variables = z.object({
  ...baseConfig,
  INTERNAL_KEY: secretKey(),
  /** `kid:base64,…`, the first seals; for e-mails and bank details. */
  SEALING_KEYS: sealingKeys,

  /** Signs the cursors of lists. Replacing it ends the lists that are being read at that moment, no more. */
  CURSOR_KEY: secretKey(),

  /** Where lists, sums and exports are read (docs/scaling.md): a replica, or PgBouncer before several, as `payments_history`. DATABASE_URL unless set. */
  HISTORY_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres URL' }).optional(),
  /** How old that replica may be: beyond this it is not asked, and lists are answered 503. */
  HISTORY_LAG_MS_MAX: durationMs(30_000, { min: 1_000 }),

  WALLET_URL: httpUrl(),
  INTERNAL_KEY_WALLET: secretKey(),
  /** A user waits for the hold: beyond this the request is answered 202 and a worker asks again. */
  WALLET_TIMEOUT_MS: durationMs(5_000),

  /** …/api/v1/ */
  REVIO_BASE_URL: httpUrl().refine((url) => url.endsWith('/'), 'must end in /'),
  REVIO_API_KEY: z.string().min(1).max(1_024),
  REVIO_BRAND_ID: z.string().min(1).max(64),
  /** Whether REVIO_API_KEY is a test key: objects that say otherwise are not used. */
  REVIO_IS_TEST: flag(false),
  /** Revio's slowest answers come from card acquirers behind it; a user waits for the checkout page meanwhile. */
  REVIO_TIMEOUT_MS: durationMs(10_000),
  /** The gateway as payers reach it: where their browsers return to. */
  PUBLIC_URL: httpUrl(),

  /** How long a step belongs to whoever began it. Longer than all its calls together: create, execute and read, 10 s each. */
  LEASE_MS: durationMs(45_000),
  /** How long a duplicate request waits for the first (F1: a user who clicks twice gets one answer). */
  DUPLICATE_WAIT_MS: durationMs(10_000),
  /** How often the workers look when nobody wakes them. */
  WORKER_INTERVAL_MS: durationMs(1_000),
  /** The first wait before a step is tried again, doubled each time up to the second. */
  RETRY_MIN_MS: durationMs(2_000),
  RETRY_MAX_MS: durationMs(60_000),
  /** How long no payout is tried after Revio did not take one, unless it says itself. */
  PROVIDER_PAUSE_MS: durationMs(5_000),

  /** The smallest amount of one deposit (M9), by currency: `ZAR:10.00,USD:1.00`. Empty for none. */
  DEPOSIT_MIN: amounts,
  /** The largest. */
  DEPOSIT_MAX: amounts,
  /** The smallest amount of one withdrawal. */
  WITHDRAWAL_MIN: amounts,
  /** The largest; what one user may withdraw in a day and a month is the wallet's to count. */
  WITHDRAWAL_MAX: amounts,
  /** A withdrawal of more than this waits for an admin (M9), by currency. Empty for none. */
  WITHDRAWAL_APPROVAL_ABOVE: amounts,
  /** A withdrawal of a user who never had one completed waits for an admin. */
  WITHDRAWAL_APPROVAL_FIRST: flag(false),
  /** How long a new bank account cannot be withdrawn to (M10), so that an owner who did not add it notices. */
  BANK_ACCOUNT_COOL_OFF_MS: durationMs(0, { min: 0 }),

  /** What the payer has; Revio's own default. */
  DEPOSIT_DUE_MS: durationMs(3_600_000, { min: 1_000 }),
  /** A deposit that Revio was never told of is given up at this age. */
  DEPOSIT_GIVE_UP_MS: durationMs(900_000),
  /** Up to which age a payout is executed; Revio's window is 15 min, and the five between are for clocks and queues. */
  PAYOUT_FRESH_MS: durationMs(600_000),
});

/** A live key moves real money, and whoever reads it on the way can. */
export const config = variables.refine(
  ({ REVIO_BASE_URL: url, REVIO_IS_TEST: isTest }) => isTest || url.startsWith('https:'),
  { path: ['REVIO_BASE_URL'], message: 'must be https with a live key (REVIO_IS_TEST=false)' },
);

export type Config = Readonly<z.infer<typeof config>>;
