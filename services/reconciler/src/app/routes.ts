import { type Request, Router } from 'express';
import { requireInternal, requireUser } from '#libs/auth';
import type { Transact } from '#libs/db';
import type { Case } from '../cases/case.ts';
import { supportOnly } from '../problems.ts';
import type { ReconcilerTx } from '../reconciler-store.ts';

export type RouteDeps = { transact: Transact<ReconcilerTx>; internalKeys: readonly Buffer[] };

/** As many as a person reads through. */
const listMax = 100;

/** Internal: the gateway speaks for admins and support. Nobody speaks without a token for this service. */
export function routes({ transact, internalKeys }: RouteDeps): Router {
  const router = Router();
  router.use(requireInternal({ audience: 'reconciler', keys: internalKeys }));

  router.get('/cases', async (request, response) => {
    requireStaff(request);
    response.json({ cases: (await transact((tx) => tx.listCases(listMax))).map(shownCase) });
  });

  return router;
}

function requireStaff(request: Request): void {
  if (requireUser(request).role === 'user') throw supportOnly;
}

const shownCase = (opened: Case) => ({
  id: opened.id,
  cause: opened.cause,
  status: opened.status,
  transaction_id: opened.transactionId,
  object_id: opened.objectId,
  evidence: opened.evidence,
  opened_at: opened.openedAt.toISOString(),
});
