import { Router } from 'express';
import { requireAdmin, requireStaff } from '#libs/auth';
import { parseBody } from '#libs/http';
import { approvalBody, readTransactionId, rejectionBody } from '../request-schemas.ts';
import { approveWithdrawal, type DecideApprovalDeps, rejectWithdrawal } from './decide-approval.ts';
import { listWaiting } from './list-waiting.ts';

/** For people: what waits for an admin, and what the admin says. */
export function approvalRoutes(deps: DecideApprovalDeps): Router {
  const router = Router();

  router.get('/withdrawals', async (request, response) => {
    requireStaff(request);
    response.json(await listWaiting(deps));
  });

  router.post('/withdrawals/:id/approve', async (request, response) => {
    const admin = requireAdmin(request);
    const { note = null } = parseBody(approvalBody, request);
    response.status(202).json(await approveWithdrawal(deps, { admin, id: readTransactionId(request.params.id), note }));
  });

  router.post('/withdrawals/:id/reject', async (request, response) => {
    const admin = requireAdmin(request);
    const { note } = parseBody(rejectionBody, request);
    response.status(202).json(await rejectWithdrawal(deps, { admin, id: readTransactionId(request.params.id), note }));
  });

  return router;
}
