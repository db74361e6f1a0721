import { Router } from 'express';
import { z } from 'zod';
import { requireAdmin, requireStaff } from '#libs/auth';
import { parseBody } from '#libs/http';
import type { LedgerDeps } from '../in-wallet.ts';
import { problem } from '../problems.ts';
import { freezeBody } from '../request-schemas.ts';
import type { Freeze } from './freeze.ts';
import { freezeWithdrawals } from './freeze-withdrawals.ts';
import { releaseFreeze } from './release-freeze.ts';

/** All that are in force and what was lifted lately: freezes are rare. */
const listMax = 100;

/** M11: admins freeze one wallet or everything; lifting it takes two of them. */
export function freezeRoutes(ledger: LedgerDeps): Router {
  const router = Router();

  router.get('/freezes', async (request, response) => {
    requireStaff(request);
    const freezes = await ledger.transact((tx) => tx.listFreezes(listMax));
    response.json({ data: freezes.map(shownFreeze) });
  });

  router.post('/freezes', async (request, response) => {
    const { userId: frozenBy } = requireAdmin(request);
    const { owner, reason } = parseBody(freezeBody, request);
    response.status(201).json(shownFreeze(await freezeWithdrawals(ledger, { owner, reason, frozenBy })));
  });

  router.post('/freezes/:id/release', async (request, response) => {
    const { userId: adminId } = requireAdmin(request);
    const freezeId = z.uuid().safeParse(request.params.id).data;
    if (freezeId === undefined) throw problem('not_found');
    const released = await releaseFreeze(ledger, { freezeId, adminId });
    if (!released.ok) throw problem(released.refusal);
    response.json(shownFreeze(released.freeze));
  });

  return router;
}

const shownFreeze = ({ owner, ...freeze }: Freeze) => ({
  id: freeze.id,
  scope: owner === null ? 'everything' : 'wallet',
  user_id: owner?.userId ?? null,
  currency: owner?.currency ?? null,
  reason: freeze.reason,
  frozen_by: freeze.frozenBy,
  frozen_at: freeze.frozenAt.toISOString(),
  release_proposed_by: freeze.releaseProposedBy,
  release_proposed_at: freeze.releaseProposedAt?.toISOString() ?? null,
  released_by: freeze.releasedBy,
  released_at: freeze.releasedAt?.toISOString() ?? null,
});
