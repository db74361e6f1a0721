import { over } from '#libs/db';
import { createClient } from '#libs/http';
import { newUuid } from '#libs/runtime';
import { type Platform, runService } from '#libs/service';
import { auditHandlers } from './audit/keep-acts.ts';
import type { Config } from './config.ts';
import { entities } from './entities.ts';
import type { ForwardedRoute, Upstream } from './forward.ts';
import { postgresGatewayTx } from './gateway-store.ts';
import { accessTokens } from './identity/access-token.ts';
import { argon2Passwords } from './identity/passwords.ts';
import { mailTransport } from './mail/mail-transport.ts';
import { mailHandlers } from './mail/mail-user.ts';
import { sentMails } from './mail/sent-mails.ts';
import { migrations } from './migrations/index.ts';
import { routes, securityHeaders } from './routes.ts';

/** A page of a hundred transactions has some 60 kB. */
const answerBytesMax = 1024 * 1024;

export const start = (config: Config) =>
  runService({
    name: 'gateway',
    config,
    migrations,
    entities,
    wire: async (platform) => {
      const transact = over(platform.db, postgresGatewayTx);
      return {
        beforeBody: securityHeaders(),
        routes: routes({
          transact,
          passwords: await argon2Passwords(),
          tokens: accessTokens({
            privateKey: config.JWT_PRIVATE_KEY,
            issuer: config.JWT_ISSUER,
            audience: config.JWT_AUDIENCE,
            ttlS: config.ACCESS_TOKEN_TTL_S,
            newUuid,
          }),
          upstreams: {
            wallet: upstream(platform, 'wallet', config.WALLET_URL, config.INTERNAL_KEY_WALLET),
            payments: upstream(platform, 'payments', config.PAYMENTS_URL, config.INTERNAL_KEY_PAYMENTS),
            webhooks: upstream(platform, 'webhooks', config.WEBHOOKS_URL, config.INTERNAL_KEY_WEBHOOKS),
            reconciler: upstream(platform, 'reconciler', config.RECONCILER_URL, config.INTERNAL_KEY_RECONCILER),
          },
          read: platform.db.read,
          trustedProxies: config.TRUSTED_PROXIES,
          clock: platform.clock,
          newUuid,
          logger: platform.logger,
        }),
        handlers: {
          ...auditHandlers({ transact }),
          ...mailHandlers({
            transact,
            sent: sentMails(platform.db.read),
            transport: mailTransportOf(platform),
            logger: platform.logger,
          }),
        },
      };
    },
  });

function upstream(
  { config, logger, metrics, releases }: Platform<Config>,
  name: ForwardedRoute['service'],
  baseUrl: string,
  internalKey: Buffer,
): Upstream {
  const timeoutMs = config.UPSTREAM_TIMEOUT_MS;
  const client = createClient({ name, baseUrl, timeoutMs, bodyBytesMax: answerBytesMax, metrics, logger });
  releases.push(`client of ${name}`, () => client.close());
  return { client, internalKey };
}

function mailTransportOf({ config, logger, releases }: Platform<Config>) {
  const transport = mailTransport(config.MAIL_URL, { from: config.MAIL_FROM, logger });
  releases.push('mail transport', async () => transport.close());
  return transport;
}
