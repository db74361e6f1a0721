import { z } from 'zod';
import { samples, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { approvalBody, rejectionBody } from '../request-schemas.ts';
import { shownId, shownTransaction, transactionFields } from '../transaction/shown-transaction.ts';

const waiting = z.object({ ...transactionFields, user_id: shownUuid }).meta({ id: 'WaitingWithdrawal' });

/** What people do with withdrawals that wait for them. */
export const approvalOperations: readonly Operation[] = [
  {
    id: 'listWaitingWithdrawals',
    method: 'GET',
    path: '/admin/withdrawals',
    tag: 'People',
    summary: 'Withdrawals that wait for an approval',
    description: 'They are held. The hundred that have waited longest, oldest first.',
    access: 'staff',
    answers: { 200: { description: 'Those that wait', schema: z.object({ data: z.array(waiting) }) } },
    examples: [{ name: 'None waits', status: 200, answer: { data: [] } }],
  },
  {
    id: 'approveWithdrawal',
    method: 'POST',
    path: '/admin/withdrawals/:id/approve',
    tag: 'People',
    summary: 'Let a withdrawal that waits be paid out',
    description: 'May be repeated. Of an approval, a rejection and the user’s cancellation only one meets it waiting.',
    access: 'admin',
    params: { id: shownId },
    body: approvalBody,
    answers: { 202: { description: 'It will be paid out', schema: shownTransaction } },
    problems: ['transaction_not_found', 'not_awaiting_approval', 'self_approval'],
    examples: [{ name: 'It does not wait', params: { id: samples.withdrawalId }, body: {}, status: 409 }],
  },
  {
    id: 'rejectWithdrawal',
    method: 'POST',
    path: '/admin/withdrawals/:id/reject',
    tag: 'People',
    summary: 'Turn a withdrawal that waits back',
    description: 'May be repeated. The amount is back in the available balance when the status is `failed`.',
    access: 'admin',
    params: { id: shownId },
    body: rejectionBody,
    answers: { 202: { description: 'It will fail', schema: shownTransaction } },
    problems: ['transaction_not_found', 'not_awaiting_approval', 'self_approval'],
    examples: [
      {
        name: 'It does not wait',
        params: { id: samples.withdrawalId },
        body: { note: 'the user did not know of it' },
        status: 409,
      },
    ],
  },
];
