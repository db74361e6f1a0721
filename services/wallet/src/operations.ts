import { z } from 'zod';
import { currency, samples, shownAmount, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { freezeBody } from './request-schemas.ts';

const wallet = z
  .object({
    currency,
    available: shownAmount.meta({ description: 'What can be withdrawn.' }),
    held: shownAmount.meta({ description: 'What withdrawals on their way have taken.' }),
    debt: shownAmount.meta({ description: 'What a refund or chargeback left open; the next deposit pays it first.' }),
    frozen: z.boolean().meta({ description: 'No withdrawal can begin; deposits land.' }),
  })
  .meta({ id: 'Wallet' });

const freeze = z
  .object({
    id: shownUuid,
    scope: z.enum(['wallet', 'everything']),
    user_id: shownUuid.nullable(),
    currency: currency.nullable(),
    reason: z.string(),
    frozen_by: z.string().meta({ description: 'An admin’s user id, or `checker`.' }),
    frozen_at: shownAt,
    release_proposed_by: shownUuid.nullable(),
    release_proposed_at: shownAt.nullable(),
    released_by: shownUuid.nullable(),
    released_at: shownAt.nullable(),
  })
  .meta({ id: 'Freeze' });

const { at } = samples;
const aWallet = { currency: 'ZAR', available: '150.00', held: '0.00', debt: '0.00', frozen: false } as const;
const aFreeze = {
  id: samples.freezeId,
  scope: 'wallet',
  user_id: samples.userId,
  currency: 'ZAR',
  reason: 'suspected_fraud',
  frozen_by: samples.adminId,
  frozen_at: at,
  release_proposed_by: null,
  release_proposed_at: null,
  released_by: null,
  released_at: null,
} as const;

/** The public routes of this service. */
export const operations: readonly Operation[] = [
  {
    id: 'listWallets',
    method: 'GET',
    path: '/wallets',
    tag: 'Wallets',
    summary: 'Your wallets',
    description: 'One per currency that you have ever had money in.',
    access: 'user',
    answers: { 200: { description: 'All of them', schema: z.object({ data: z.array(wallet) }) } },
    examples: [{ name: 'One wallet', status: 200, answer: { data: [aWallet] } }],
  },
  {
    id: 'readWallet',
    method: 'GET',
    path: '/wallets/:currency',
    tag: 'Wallets',
    summary: 'Your balance in a currency',
    description: 'Zeros where there was never any money.',
    access: 'user',
    params: { currency },
    answers: { 200: { description: 'The wallet', schema: wallet } },
    examples: [
      { name: 'Rand', params: { currency: 'ZAR' }, status: 200, answer: aWallet },
      { name: 'No currency', params: { currency: 'XXX' }, status: 404 },
    ],
  },
  {
    id: 'listFreezes',
    method: 'GET',
    path: '/admin/freezes',
    tag: 'People',
    summary: 'Freezes: all in force, and those lifted lately',
    access: 'staff',
    answers: { 200: { description: 'Newest first', schema: z.object({ data: z.array(freeze) }) } },
    examples: [{ name: 'One freeze', status: 200, answer: { data: [aFreeze] } }],
  },
  {
    id: 'freezeWithdrawals',
    method: 'POST',
    path: '/admin/freezes',
    tag: 'People',
    summary: 'Freeze withdrawals of one wallet, or of all',
    description: 'What is frozen already is answered with its first freeze.',
    access: 'admin',
    body: freezeBody,
    answers: { 201: { description: 'The freeze in force', schema: freeze } },
    examples: [
      {
        name: 'One wallet',
        body: { scope: 'wallet', user_id: samples.userId, currency: 'ZAR', reason: 'suspected_fraud' },
        status: 201,
        answer: aFreeze,
      },
    ],
  },
  {
    id: 'releaseFreeze',
    method: 'POST',
    path: '/admin/freezes/:id/release',
    tag: 'People',
    summary: 'Propose to lift a freeze, or as another admin lift it',
    access: 'admin',
    params: { id: shownUuid },
    answers: { 200: { description: 'The freeze as it is now', schema: freeze } },
    problems: ['freeze_released', 'other_admin_needed'],
    examples: [
      {
        name: 'The first admin proposes',
        params: { id: samples.freezeId },
        status: 200,
        answer: { ...aFreeze, release_proposed_by: samples.adminId, release_proposed_at: at },
      },
    ],
  },
];
