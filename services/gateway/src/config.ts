import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { trustedProxiesMax } from '#libs/http';
import { baseConfig, count, durationMs, flag, httpUrl, secretKey } from '#libs/runtime';

/** PEMs, one after the other, also with literal `\n` as environment files have it. */
const keysIn = (text: string, read: (pem: string) => KeyObject): KeyObject[] | undefined => {
  try {
    const pems = text.replaceAll('\\n', '\n').match(/-----BEGIN [\s\S]+?-----END [^-]+-----/g) ?? [];
    const keys = pems.map(read);
    return keys.every((key) => key.asymmetricKeyDetails?.namedCurve === 'prime256v1') ? keys : undefined;
  } catch {
    return undefined; // what is wrong is said by the schema, without the key
  }
};

const signingKey = z.string().transform((text, ctx): KeyObject => {
  const [key, ...more] = keysIn(text, createPrivateKey) ?? [];
  if (key !== undefined && more.length === 0) return key;
  ctx.addIssue({ code: 'custom', message: 'must be a PEM private key on the curve P-256' });
  return z.NEVER;
});

const publicKeys = z.string().transform((text, ctx): KeyObject[] => {
  const keys = keysIn(text, createPublicKey);
  if (keys !== undefined && keys.length > 0) return keys;
  ctx.addIssue({ code: 'custom', message: 'must be PEM keys on the curve P-256' });
  return z.NEVER;
});

const origins = z.string().transform((text, ctx): string[] => {
  const all = text.split(',').map((part) => part.trim());
  // A browser writes an origin in one way: scheme, host and port in lower case, without a path.
  if (all.every((origin) => /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin))
    return all;
  ctx.addIssue({ code: 'custom', message: 'must be origins such as https://app.example.com' });
  return z.NEVER;
});

export const config = z.object({
  ...baseConfig,
  /** Signs access tokens (ES256). Never used for anything else. */
  JWT_PRIVATE_KEY: signingKey,
  /** Further keys, PEMs, private or public: published and accepted, but not signed with. The next one before its time, the last one until its tokens have ended (docs/access.md). */
  JWT_OTHER_KEYS: publicKeys.optional(),
  JWT_ISSUER: z.string().min(1).default('piggybank'),
  JWT_AUDIENCE: z.string().min(1).default('piggybank-api'),
  /** REQUIREMENTS A1: 15 minutes. Nothing takes an access token back before its end. */
  ACCESS_TOKEN_TTL_S: count(900, { min: 1, max: 86_400 }),
  /** REQUIREMENTS A1: 7 days, anew with each refresh; a session ends after 90 days in any case. */
  REFRESH_TOKEN_TTL_S: count(604_800, { min: 1, max: 7_776_000 }),
  /** Accept tokens of another issuer too, by this `iss`; with JWT_EXTERNAL_JWKS_URL. Its users are users, never support or admins. */
  JWT_EXTERNAL_ISSUER: z.string().min(1).max(255).optional(),
  /** Where it publishes its keys. */
  JWT_EXTERNAL_JWKS_URL: httpUrl().optional(),
  /** The `aud` that its tokens for us have; JWT_AUDIENCE unless set. */
  JWT_EXTERNAL_AUDIENCE: z.string().min(1).max(255).optional(),
  WALLET_URL: httpUrl(),
  PAYMENTS_URL: httpUrl(),
  WEBHOOKS_URL: httpUrl(),
  RECONCILER_URL: httpUrl(),
  INTERNAL_KEY_WALLET: secretKey(),
  INTERNAL_KEY_PAYMENTS: secretKey(),
  INTERNAL_KEY_WEBHOOKS: secretKey(),
  INTERNAL_KEY_RECONCILER: secretKey(),
  /** How many reverse proxies of ours a request comes through; the client's address is the entry that the outermost adds to `X-Forwarded-For`. */
  TRUSTED_PROXIES: count(0, { min: 0, max: trustedProxiesMax }),
  /** Origins whose scripts may call us, parted by commas: `https://app.example.com,https://admin.example.com`. */
  CORS_ORIGINS: origins.default([]),
  /** `false` lifts every rate limit, for tests and benchmarks. */
  RATE_LIMITS_ENFORCED: flag(true),
  /** Logins of one address in 15 minutes, right or wrong (A5); also the tries of one user to change a password. */
  RATE_LIMIT_LOGIN: count(5, { min: 1 }),
  /** Registrations of one address in an hour. */
  RATE_LIMIT_REGISTER: count(3, { min: 1 }),
  /** Withdrawals of one user in an hour. */
  RATE_LIMIT_WITHDRAWALS: count(5, { min: 1 }),
  /** Exports of one user in an hour. */
  RATE_LIMIT_EXPORTS: count(5, { min: 1 }),
  /** Requests of one user, or of one address without a user, in a minute. */
  RATE_LIMIT_GENERAL: count(100, { min: 1 }),
  /** Longer than a service takes for its slowest answer: a duplicate in flight waits 10 s for the first one. */
  UPSTREAM_TIMEOUT_MS: durationMs(20_000),
  /** How often the chain of the audit log is followed to its end (A7). */
  AUDIT_CHECK_INTERVAL_MS: durationMs(300_000),
  /** Every how many of those all rows are hashed anew, and not those alone that came since: once a day. */
  AUDIT_CHECK_FULL_EVERY: count(288),
  /** Live status streams that one user may have open at one replica (T5). */
  LIVE_STREAMS_PER_USER: count(5, { max: 1_000 }),
  /** The same of all users together; a connection and some kilobytes each. */
  LIVE_STREAMS_MAX: count(1_000, { max: 4_000 }),
  /** How often a silent stream gets a comment: proxies cut what is silent for longer than 30 or 60 s. */
  LIVE_HEARTBEAT_MS: durationMs(15_000),
  /** How often a stream looks by itself while messages wake it. */
  LIVE_POLL_MS: durationMs(30_000),
  /** The same while there is no broker. */
  LIVE_POLL_UNWOKEN_MS: durationMs(3_000),
  /** Where mails to users go (N1): `smtps://user:password@host:465`, `smtp://host:587?requireTLS=true`, `file:///path`; else the log, without addresses. */
  MAIL_URL: z.url({ protocol: /^(smtps?|file)$/, error: 'must be an smtp, smtps or file URL' }).optional(),
  /** The sender of those mails. */
  MAIL_FROM: z.string().min(3).max(320).default('Piggybank <no-reply@piggybank.example>'),
});

export type Config = z.infer<typeof config>;
