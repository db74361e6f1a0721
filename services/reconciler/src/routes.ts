import { Router } from 'express';
import { requireInternal, requireStaff } from '#libs/auth';
import type { Transact } from '#libs/db';
import type { Case } from './cases/case.ts';
import type { ReconcilerTx } from './reconciler-store.ts';

type RouteDeps = { transact: Transact<ReconcilerTx>; internalKeys: readonly Buffer[] };

/** As many as a person reads through. */
const listMax = 100;

/** Internal: the gateway speaks for admins and support. Nobody speaks without a token for this service. */
export function routes({ transact, internalKeys }: RouteDeps): Router {
  const router = Router();
  router.use(requireInternal({ audience: 'reconciler', keys: internalKeys }));

  router.get('/cases', async (request, response) => {
    requireStaff(request);
    response.json({ data: (await transact((tx) => tx.listCases(listMax))).map(shownCase) });
  });

  return router;
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
