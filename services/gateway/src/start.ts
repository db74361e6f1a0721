import { Router } from 'express';
import { over } from '#libs/db';
import { createClient, type Step } from '#libs/http';
import { ConfigError, type LoopDefinition, newUuid } from '#libs/runtime';
import { type Platform, runService } from '#libs/service';
import { auditHandlers } from './audit/keep-acts.ts';
import { keepRefusals } from './audit/keep-refusals.ts';
import { exposeAudit, watchAudit } from './audit/watch-audit.ts';
import type { Config } from './config.ts';
import { cors } from './cors.ts';
import { entities } from './entities.ts';
import type { ForwardedRoute } from './forward.ts';
import { postgresGatewayTx } from './gateway-store.ts';
import { type AccessTokens, accessTokens, type ForeignTokens } from './identity/access-token.ts';
import { externalIssuer } from './identity/external-issuer.ts';
import { argon2Passwords } from './identity/passwords.ts';
import { pruneSessions } from './identity/prune-sessions.ts';
import { largeBodies } from './large-bodies.ts';
import { startLive } from './live/start-live.ts';
import { mailTransport } from './mail/mail-transport.ts';
import { mailHandlers } from './mail/mail-user.ts';
import { sentMails } from './mail/sent-mails.ts';
import { migrations } from './migrations/index.ts';
import { generalLimit, routeLimits } from './rate-limits/limits.ts';
import { type RateLimits, rateLimits } from './rate-limits/rate-limits.ts';
import { routes, securityHeaders } from './routes.ts';
import type { Upstream } from './upstream.ts';

/** A page of a hundred transactions has some 60 kB. */
const answerBytesMax = 1024 * 1024;

/** A request waits for the keys of an unknown issuer's token. */
const keysTimeoutMs = 3_000;
const keysBytesMax = 256 * 1024;
/** What ended 30 days ago may go any time. */
const pruneIntervalMs = 600_000;

export const start = (config: Config) =>
  runService({
    name: 'gateway',
    config,
    migrations,
    entities,
    wire: async (platform) => {
      const transact = over(platform.db, postgresGatewayTx);
      const payments = upstream(platform, 'payments', config.PAYMENTS_URL, config.INTERNAL_KEY_PAYMENTS);
      const live = startLive(platform, payments);
      const tokens = tokensOf(platform);
      const answering = routes({
        transact,
        passwords: await argon2Passwords(),
        tokens,
        refreshTtlMs: config.REFRESH_TOKEN_TTL_S * 1000,
        upstreams: {
          wallet: upstream(platform, 'wallet', config.WALLET_URL, config.INTERNAL_KEY_WALLET),
          payments,
          webhooks: upstream(platform, 'webhooks', config.WEBHOOKS_URL, config.INTERNAL_KEY_WEBHOOKS),
          reconciler: upstream(platform, 'reconciler', config.RECONCILER_URL, config.INTERNAL_KEY_RECONCILER),
        },
        read: platform.db.read,
        trustedProxies: config.TRUSTED_PROXIES,
        clock: platform.clock,
        newUuid,
        logger: platform.logger,
        live,
      });
      const { front, limits } = frontDoor(platform, tokens);
      return {
        front,
        beforeBody: Router().use(...(limits ? [limits.ofRoutes] : []), largeBodies(tokens)),
        shortRoutes: answering.shortRoutes.map((route) => ({ ...route, beforeBody: limits?.of(route) ?? [] })),
        routes: answering.routes,
        endLongAnswers: live.stop,
        loops: [
          { name: 'session-pruner', intervalMs: pruneIntervalMs, runOnce: () => pruneSessions(platform.db.read) },
          auditLoop(platform),
        ],
        handlers: {
          ...auditHandlers({ transact }),
          ...mailHandlers({
            transact,
            sent: sentMails(platform.db.read),
            transport: mailTransportOf(platform),
            logger: platform.logger,
            metrics: platform.metrics,
          }),
        },
      };
    },
  });

function auditLoop({ config, db, clock, logger, metrics }: Platform<Config>): LoopDefinition {
  const { AUDIT_CHECK_INTERVAL_MS: intervalMs, AUDIT_CHECK_FULL_EVERY: fullEvery } = config;
  const audit = watchAudit({ read: db.read, clock, logger, holder: newUuid(), intervalMs, fullEvery });
  exposeAudit(metrics, audit.last);
  return { name: 'verify-audit', intervalMs, runOnce: audit.runOnce };
}

/** What every request passes before its body is read, and the limits of some routes. */
function frontDoor(
  { config, db, clock, logger, metrics }: Platform<Config>,
  tokens: AccessTokens,
): { front: readonly Step[]; limits?: RateLimits } {
  const transact = over(db, postgresGatewayTx);
  const trustedProxies = config.TRUSTED_PROXIES;
  const deps = { read: db.read, transact, tokens, trustedProxies, clock, newUuid, logger, metrics };
  const front = [securityHeaders(), cors(config.CORS_ORIGINS), keepRefusals(deps)];
  if (config.RATE_LIMITS_ENFORCED) {
    const limits = rateLimits(deps, { general: generalLimit(config), routes: routeLimits(config) });
    return { front: [...front, limits.general], limits };
  }
  logger.warn('rate limits are lifted');
  return { front };
}

function tokensOf(platform: Platform<Config>): AccessTokens {
  const { config, clock } = platform;
  const foreign = foreignTokensOf(platform);
  return accessTokens({
    signingKey: config.JWT_PRIVATE_KEY,
    otherKeys: config.JWT_OTHER_KEYS ?? [],
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    ttlS: config.ACCESS_TOKEN_TTL_S,
    newUuid,
    now: clock.now,
    ...(foreign && { foreign }),
  });
}

function foreignTokensOf({ config, clock, logger, metrics, releases }: Platform<Config>): ForeignTokens | undefined {
  const { JWT_EXTERNAL_ISSUER: issuer, JWT_EXTERNAL_JWKS_URL: jwksUrl } = config;
  if (issuer === undefined && jwksUrl === undefined) return undefined;
  if (issuer === undefined || jwksUrl === undefined)
    throw new ConfigError(['JWT_EXTERNAL_ISSUER and JWT_EXTERNAL_JWKS_URL: one is set without the other']);
  const { origin, pathname, search } = new URL(jwksUrl);
  const client = createClient({
    name: 'issuer',
    baseUrl: origin,
    timeoutMs: keysTimeoutMs,
    bodyBytesMax: keysBytesMax,
    metrics,
    logger,
  });
  releases.push('client of the issuer', () => client.close());
  return externalIssuer({
    issuer,
    audience: config.JWT_EXTERNAL_AUDIENCE ?? config.JWT_AUDIENCE,
    clock,
    fetchKeys: async () => {
      const { status, body } = await client.request({ method: 'GET', path: pathname + search, idempotent: true });
      if (status !== 200) throw new Error(`the issuer's keys were answered by ${status}`);
      return JSON.parse(body);
    },
  });
}

function upstream(
  { config, logger, metrics, releases }: Platform<Config>,
  name: ForwardedRoute['service'],
  baseUrl: string,
  internalKey: Buffer,
): Upstream {
  const timeoutMs = config.UPSTREAM_TIMEOUT_MS;
  const limits = { timeoutMs, tellsDeadline: true, bodyBytesMax: answerBytesMax };
  const client = createClient({ name, baseUrl, ...limits, metrics, logger });
  releases.push(`client of ${name}`, () => client.close());
  return { client, internalKey };
}

function mailTransportOf({ config, logger, releases }: Platform<Config>) {
  const transport = mailTransport(config.MAIL_URL, { from: config.MAIL_FROM, logger });
  releases.push('mail transport', async () => transport.close());
  return transport;
}
