import { z } from 'zod';
import { baseConfig, count, durationMs, flag, httpUrl, secretKey } from '#libs/runtime';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Ages or steps in milliseconds, growing or not, parted by commas. At most 100: a longer schedule was meant as something else. */
const durationsMs = (byDefault: readonly number[]) =>
  z
    .string()
    .regex(/^[0-9]{1,12}(,[0-9]{1,12}){0,99}$/, 'must be whole numbers parted by commas')
    .transform((text): readonly number[] => text.split(',').map(Number))
    .default(byDefault);

function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}

/** Daily for 14 days, then weekly to 180 (REQUIREMENTS R2b): refunds and chargebacks come that late. */
const completedDepositAgesMs = [
  ...Array.from({ length: 14 }, (_, n) => (n + 1) * dayMs),
  ...Array.from({ length: 23 }, (_, n) => (14 + 7 * (n + 1)) * dayMs),
  180 * dayMs,
];

export const config = z.object({
  ...baseConfig,
  INTERNAL_KEY: secretKey(),
  PAYMENTS_URL: httpUrl(),
  INTERNAL_KEY_PAYMENTS: secretKey(),
  /** The ledger's own side of the daily report. */
  WALLET_URL: httpUrl(),
  INTERNAL_KEY_WALLET: secretKey(),
  /** Asked for what it has handled before a dead message is replayed. */
  WEBHOOKS_URL: httpUrl(),
  INTERNAL_KEY_WEBHOOKS: secretKey(),
  REVIO_BRAND_ID: z.string().min(1).max(64),
  REVIO_IS_TEST: flag(false),
  /** Whether Revio is confirmed to refuse an execution after the window (REVIO.md §7). Until then a human decides. */
  REVIO_EXECUTE_WINDOW_ENFORCED: flag(false),
  /** From a payout's creation until it cannot be executed any more: Revio's 15 minutes and five of margin. */
  REVIO_EXECUTE_WINDOW_MS: durationMs(20 * minuteMs),
  /** Snapshots older than this at receipt are never trusted alone (REQUIREMENTS W2). */
  STALE_AFTER_MS: durationMs(5 * minuteMs),
  /** How far clocks may be apart. */
  CLOCK_SKEW_MAX_MS: durationMs(minuteMs),
  /** Revio's `pending` lasts 3–5 days. */
  PAYOUT_PENDING_MAX_MS: durationMs(5 * dayMs),
  /** Reads in a row that find nothing before it is a case. */
  ABSENCES_MAX: count(3, { min: 2, max: 100 }),
  /** Failed reads in a row of one object before it is a case: by EARLY_READ_STEPS_MS some two hours. */
  FAILED_READS_MAX: count(8, { min: 2, max: 100 }),
  /** How long the Payment may take that explains a refund which the purchase already shows. */
  REVERSAL_GRACE_MS: durationMs(hourMs),
  /** A purchase that is neither paid nor ended so long past its due time is a case. */
  PURCHASE_UNDECIDED_MAX_MS: durationMs(7 * dayMs),

  /** How often the schedule of reads is looked at; the reads themselves come by the ages below (REQUIREMENTS R2, R2b). */
  SWEEP_INTERVAL_MS: durationMs(5_000),
  DEPOSIT_READ_AFTER_MS: durationMs(hourMs),
  DEPOSIT_DUE_MARGIN_MS: durationMs(minuteMs),
  WITHDRAWAL_READ_AFTER_MS: durationMs(24 * hourMs),
  /** What was executed and stays silent, or was read and stays unclear. The last step repeats. */
  EARLY_READ_STEPS_MS: durationsMs([1, 2, 5, 15, 15, 30, 60].map((minutes) => minutes * minuteMs)),
  READ_STEPS_MS: durationsMs([15, 15, 30, 60, 120, 240].map((minutes) => minutes * minuteMs)),
  FAILED_DEPOSIT_READ_AGES_MS: durationsMs([1, 3, 7, 30].map((days) => days * dayMs)),
  COMPLETED_DEPOSIT_READ_AGES_MS: durationsMs(completedDepositAgesMs),
  ENDED_PAYOUT_READ_AGES_MS: durationsMs([1, 3, 10].map((days) => days * dayMs)),
  /** Reads taken at once, and how many of them are in flight. */
  SWEEP_PAGE_MAX: count(100, { max: 1_000 }),
  SWEEP_CONCURRENCY_MAX: count(4, { max: 64 }),
  /** One read's patience: payments itself waits for Revio up to 10 s or so. */
  READ_TIMEOUT_MS: durationMs(20_000),
  /** Longer than a page takes at worst (100 reads of 20 s, four at once); then a killed sweeper's reads are due again. */
  READ_LEASE_MS: durationMs(10 * minuteMs),
  /** How long no read is tried once payments or Revio cannot be asked, unless they name a time. */
  READ_PAUSE_MS: durationMs(30_000),

  /** How often replay jobs are looked for that another replica left; a new one wakes the worker. */
  REPLAY_INTERVAL_MS: durationMs(5_000),

  /** How often the ledger's postings and Revio's objects are compared with each other (R5, I9). */
  CONSERVATION_INTERVAL_MS: durationMs(minuteMs),
  /**
   * Longer than any normal flow takes from Revio's word to its posting: a message that is retried takes 21 minutes. What is younger is
   * not compared yet, and a difference is a break only when it has lasted for this long again.
   */
  CONSERVATION_FLOW_MAX_MS: durationMs(30 * minuteMs),

  /** How long a proposal of one person waits for the other: what has changed since should be looked at again. */
  PROPOSAL_TTL_MS: durationMs(dayMs),

  /** Whose days the daily reports are of (IANA name), and how long after a day's end it is reported: all that began in it has ended. */
  REPORT_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be a time zone such as Africa/Johannesburg')
    .default('Africa/Johannesburg'),
  REPORT_DELAY_MS: durationMs(2 * hourMs),
  /** How often the calendar and the wanted reports are looked at; what a person wants is made at once. */
  REPORT_INTERVAL_MS: durationMs(minuteMs),
  /** Days that are still reported after nobody was there to do it. */
  REPORT_DAYS_BACK_MAX: count(7, { max: 366 }),
  /** Fresh reads of Revio per report; with four in flight and 200 ms each, a minute. */
  REPORT_READS_MAX: count(1_000),
  /** Longer than a report takes; then another replica makes what a killed one had begun. */
  REPORT_CLAIM_MS: durationMs(10 * minuteMs),
  /** How long a report waits when the wallet or Revio cannot be asked. */
  REPORT_PAUSE_MS: durationMs(minuteMs),

  REMATCH_INTERVAL_MS: durationMs(minuteMs),
  /** What has found no partner for so long becomes a case (REQUIREMENTS W7). */
  UNMATCHED_AFTER_MS: durationMs(dayMs),
});

export type Config = z.infer<typeof config>;
