import { Router } from 'express';
import type { Sql } from '#libs/db';
import { parseQuery } from '#libs/http';
import { authenticate } from '../authenticate.ts';
import type { AccessTokens } from '../identity/access-token.ts';
import { forbidden } from '../problems.ts';
import { auditQuery, readAudit } from './read-audit.ts';

/** Support and admins look at who did what. Nobody changes it, by any route. */
export function auditRoutes(deps: { read: Sql; tokens: AccessTokens }): Router {
  const router = Router();
  router.get('/api/v1/admin/audit-log', async (request, response) => {
    const { role } = await authenticate(deps.tokens, request);
    if (role === 'user') throw forbidden;
    response.json(await readAudit(deps.read, parseQuery(auditQuery, request)));
  });
  return router;
}
