import express, { Router } from 'express';
import { accessOf } from './authenticate.ts';
import type { AccessTokens } from './identity/access-token.ts';

/** As much as the reconciler takes: 20 000 lines of a statement. */
const statementBytesMax = 4 * 1024 * 1024;

/**
 * The one request of the public API that carries a file, read before the ordinary limit refuses it. Only an admin's: four megabytes of
 * JSON from anybody else would cost as much to read, and come to nothing.
 */
export function largeBodies(tokens: Pick<AccessTokens, 'verify'>): Router {
  const read = express.json({ limit: statementBytesMax, strict: true, inflate: false });
  return Router().post('/api/v1/admin/statements', async (request, response, next) => {
    const access = await accessOf(tokens, request).catch(() => undefined);
    if (access?.user.role === 'admin') return read(request, response, next);
    next();
  });
}
