import type { Transact } from '#libs/db';
import type { Step } from '#libs/http';
import type { Clock, Logger } from '#libs/runtime';
import { accessOf } from '../authenticate.ts';
import { callerOf } from '../caller-of.ts';
import type { AccessTokens } from '../identity/access-token.ts';
import type { AuditTx } from './audit-log.ts';
import { auditOf } from './audit-of.ts';

export interface RefusalDeps {
  transact: Transact<AuditTx>;
  tokens: Pick<AccessTokens, 'verify'>;
  trustedProxies: number;
  clock: Clock;
  newUuid: () => string;
  logger: Logger;
}

/** It has a line of its own, with what was tried. */
const ownLine = '/api/v1/auth/password';

/**
 * Somebody who is known tried what they may not: whoever answered 403, we or a service behind us, it is kept (REQUIREMENTS A7). After
 * the answer and best effort; the general rate limit bounds how many lines one user can write.
 */
export function keepRefusals(deps: RefusalDeps): Step {
  return (request, response, next) => {
    const { url = '' } = request; // of the whole request; a router further in cuts it
    response.once('finish', () => {
      if (response.statusCode !== 403) return;
      const path = url.replace(/^https?:\/\/[^/?#]*|[?#].*$/gi, '');
      if (path === ownLine) return;
      const keep = async () => {
        const { user } = await accessOf(deps.tokens, request);
        const about = `${request.method}${path.replaceAll(/[^A-Za-z0-9_]+/g, '-')}`.slice(0, 128);
        const act = { action: 'access_refused', actorId: user.userId, about } as const;
        await deps.transact((tx) => tx.appendAudit(auditOf(deps, act, callerOf(request, deps.trustedProxies))));
      };
      keep().catch((err: unknown) => deps.logger.warn({ err }, 'a refusal is not in the audit log'));
    });
    next();
  };
}
