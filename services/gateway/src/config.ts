import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { trustedProxiesMax } from '#libs/http';
import { baseConfig, count, durationMs, httpUrl, secretKey } from '#libs/runtime';

/** PEM, also with literal `\n` as environment files have it. */
const signingKey = z.string().transform((text, ctx): KeyObject => {
  try {
    const key = createPrivateKey(text.replaceAll('\\n', '\n'));
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // said below, without the key
  }
  ctx.addIssue({ code: 'custom', message: 'must be a PEM private key on the curve P-256' });
  return z.NEVER;
});

export const config = z.object({
  ...baseConfig,
  /** Signs access tokens (ES256). Never used for anything else. */
  JWT_PRIVATE_KEY: signingKey,
  JWT_ISSUER: z.string().min(1).default('piggybank'),
  JWT_AUDIENCE: z.string().min(1).default('piggybank-api'),
  /** REQUIREMENTS A1: 15 minutes. Nothing takes an access token back before its end. */
  ACCESS_TOKEN_TTL_S: count(900, { min: 1, max: 86_400 }),
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
  /** Longer than a service takes for its slowest answer: a duplicate in flight waits 10 s for the first one. */
  UPSTREAM_TIMEOUT_MS: durationMs(20_000),
  /** Where mails to users go (N1): `smtps://user:password@host:465`, `smtp://host:587?requireTLS=true`, `file:///path`; else the log, without addresses. */
  MAIL_URL: z.url({ protocol: /^(smtps?|file)$/, error: 'must be an smtp, smtps or file URL' }).optional(),
  /** The sender of those mails. */
  MAIL_FROM: z.string().min(3).max(320).default('Piggybank <no-reply@piggybank.example>'),
});

export type Config = z.infer<typeof config>;
