import { z } from 'zod';
import { currency, samples, shownAmount, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { balanceQuery, freezeBody } from './request-schemas.ts';

const wallet = z
  .object({
    currency,
    available: shownAmount.meta({ description: 'What can be withdrawn.' }),
    held: shownAmount.meta({ description: 'What withdrawals on their way have taken.' }),
    debt: shownAmount.meta({ description: 'What a refund or chargeback left open; the next deposit pays it first.' }),
    frozen: z.boolean().optional().meta({
      description: 'No withdrawal can begin; deposits land. Not said of a past moment.',
    }),
    at: shownAt.optional().meta({ description: 'The past moment that was asked for.' }),
  })
  .meta({ id: 'Wallet' });

const freeze = z
  .object({
    id: shownUuid,
    scope: z.enum(['wallet', 'everything']),
    user_id: shownUuid.nullable(),
    currency: currency.nullable(),
    reason: z.string(),
    frozen_by: z.string().meta({ description: 'An admin’s user id, `checker`, or `case:` and the id of a case.' }),
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
    description: 'One per currency that you have ever had money in; with `at`, as they were at a past moment.',
    access: 'user',
    query: balanceQuery,
    answers: { 200: { description: 'All of them', schema: z.object({ data: z.array(wallet) }) } },
    examples: [{ name: 'One wallet', status: 200, answer: { data: [aWallet] } }],
  },
  {
    id: 'readWallet',
    method: 'GET',
    path: '/wallets/:currency',
    tag: 'Wallets',
    summary: 'Your balance in a currency',
    description:
      'Zeros where there was never any money. With `at`, the balance as the ledger had it at that moment: what is asked of the last seconds can change once more, by what is just being posted.',
    access: 'user',
    params: { currency },
    query: balanceQuery,
    answers: { 200: { description: 'The wallet', schema: wallet } },
    examples: [
      { name: 'Rand', params: { currency: 'ZAR' }, status: 200, answer: aWallet },
      {
        name: 'A past moment',
        params: { currency: 'ZAR' },
        query: { at: '2026-01-01T00:00:00+02:00' },
        status: 200,
        answer: { currency: 'ZAR', available: '0.00', held: '0.00', debt: '0.00', at: '2025-12-31T22:00:00.000Z' },
      },
      { name: 'No currency', params: { currency: 'ABC' }, status: 404 },
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
