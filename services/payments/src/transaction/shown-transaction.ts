import { z } from 'zod';
import { currency, samples, shownAmount, shownAt, shownUuid } from '#libs/contracts';

/** What the API description says of a transaction, wherever one is answered. */
export const shownId = z.string().meta({ description: 'Of a transaction: `dep_…`, `wd_…` or `rev_…`.' });

export const transactionFields = {
  id: shownId,
  type: z.enum(['deposit', 'withdrawal', 'reversal']),
  status: z.enum(['pending', 'processing', 'completed', 'failed', 'expired', 'cancelled']),
  reason: z.string().nullable().meta({ description: 'Why it ended, as a stable word; null while all is well.' }),
  amount: shownAmount,
  currency,
  created_at: shownAt,
  updated_at: shownAt,
  checkout_url: z
    .string()
    .meta({ format: 'uri', description: 'Where the payer pays; of a deposit, once Revio has given it.' })
    .optional(),
  due_at: shownAt.optional(),
  bank_account_id: shownUuid.optional(),
  approval: z
    .enum(['waiting', 'approved', 'rejected'])
    .meta({ description: 'Of a withdrawal that an admin has to approve: held, and not paid out until then.' })
    .optional(),
  reversal_of: shownId.optional(),
  reversal: z.enum(['refund', 'chargeback', 'payout_return']).optional(),
};
export const shownTransaction = z.object(transactionFields).meta({ id: 'Transaction' });

const { at } = samples;
export const beganSample = { reason: null, amount: '150.00', currency: 'ZAR', created_at: at, updated_at: at } as const;
export const depositSample = {
  id: samples.depositId,
  type: 'deposit',
  status: 'pending',
  ...beganSample,
  checkout_url: 'https://gate.reviopay.com/p/0d2f8a3e',
  due_at: at,
} as const;
