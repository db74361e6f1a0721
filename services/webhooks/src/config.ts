import { z } from 'zod';
import { foreignId } from '#libs/contracts';
import { trustedProxiesMax } from '#libs/http';
import { publicKeysFrom } from '#libs/revio';
import { baseConfig, count, durationMs, flag, httpUrl, secretKey } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';
import { parseAllowlist } from './allowlist.ts';
import { schemes } from './signature/verification.ts';

/** What a parser of ours says is wrong is told; it never repeats the value. */
const parsedBy = <Out>(parse: (text: string) => Out) =>
  z.string().transform((text, ctx) => {
    try {
      return parse(text);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

/** A list separated by commas. */
const listOf = <Item extends z.ZodType<string, string>>(item: Item, max: number) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).max(max));

/** Each costs a read when the keys are asked for, all of them within one timeout. */
const webhookIdsMax = 4;
/** Five years; who must keep payloads longer keeps backups. */
const daysMax = 1_830;

const variables = z.object({
  ...baseConfig,
  INTERNAL_KEY: secretKey(),
  SEALING_KEYS: parsedBy(parseSealingKeys),

  /** Which signatures count: `plain` (X-Signature), `timestamped` (X-Revio-Signature, -Timestamp, -Event-ID). */
  WEBHOOK_SCHEMES: listOf(z.enum(schemes), schemes.length).default([...schemes]),
  /** Revio's public keys as PEM, all that may sign now: each registered webhook has its own. During a rotation both, the old and the new. */
  REVIO_WEBHOOK_PUBLIC_KEYS: parsedBy(publicKeysFrom),
  /** The company's keys, which sign the callbacks of purchases: what they sign counts for purchases only. */
  REVIO_COMPANY_PUBLIC_KEYS: parsedBy(publicKeysFrom).optional(),
  /** The keys of a relay of ours, for the timestamped scheme; without any the webhooks' keys sign that too. */
  REVIO_RELAY_PUBLIC_KEYS: parsedBy(publicKeysFrom).optional(),

  /** Who may deliver, as addresses or CIDR blocks; everybody when unset (W4). Revio publishes no ranges. */
  WEBHOOK_IP_ALLOWLIST: parsedBy(parseAllowlist).optional(),
  /** How many proxies of ours stand in front and add to X-Forwarded-For; with 0 the header is not looked at. */
  TRUSTED_PROXIES: count(0, { min: 0, max: trustedProxiesMax }),

  /** …/api/v1/; with REVIO_API_KEY, to read the keys again when a signature is by none of them. Off when unset: see ADR 4 for what it costs. */
  REVIO_BASE_URL: httpUrl().optional(),
  REVIO_API_KEY: z.string().min(1).max(1_024).optional(),
  /** Whether REVIO_API_KEY is a test key. */
  REVIO_IS_TEST: flag(false),
  /** The registered webhooks whose keys are read again beside the company's. */
  REVIO_WEBHOOK_IDS: listOf(foreignId, webhookIdsMax).default([]),
  /** A delivery waits for it, and Revio gives us some seconds. */
  REVIO_KEYS_TIMEOUT_MS: durationMs(3_000),
  /** Between two such reads, whatever the first one brought: junk must not make us hammer Revio. */
  REVIO_KEYS_REST_MS: durationMs(60_000),

  /** Deliveries that nobody vouches for and that are answered 401, per minute, over all replicas; the next ones hear 429. What is signed has no limit. */
  RATE_LIMIT_UNVERIFIED: count(1_000),
  /** How many of them are written down. The rest is only counted. */
  UNVERIFIED_ROWS_PER_MINUTE: count(60),
  /** How often the counts of duplicates are written. */
  DUPLICATES_INTERVAL_MS: durationMs(1_000),

  /** How long the log keeps what nobody vouched for; never less than a day. */
  LOG_UNVERIFIED_DAYS: count(7, { max: daysMax }),
  /** How long it keeps payloads, which echo people's data. */
  LOG_PAYLOAD_DAYS: count(90, { max: daysMax }),
  /** How long it keeps the rest. */
  LOG_ROW_DAYS: count(400, { max: daysMax }),
  /** How often it looks for what may go. */
  LOG_EXPIRY_INTERVAL_MS: durationMs(3_600_000),
});

/** Keys that come over plain HTTP are whoever's the network wants them to be, and a live key on it is lost. */
export const config = variables
  .refine(({ REVIO_BASE_URL: url, REVIO_IS_TEST: isTest }) => url === undefined || isTest || url.startsWith('https:'), {
    path: ['REVIO_BASE_URL'],
    message: 'must be https with a live key (REVIO_IS_TEST=false)',
  })
  .refine(({ REVIO_BASE_URL: url, REVIO_API_KEY: key }) => (url === undefined) === (key === undefined), {
    path: ['REVIO_API_KEY'],
    message: 'is set together with REVIO_BASE_URL or not at all',
  });

export type Config = Readonly<z.infer<typeof config>>;
