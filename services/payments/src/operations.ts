import { z } from 'zod';
import { samples, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { approvalOperations } from './approval/operations.ts';
import { historyOperations } from './history/operations.ts';
import { bankAccountBody, depositBody, withdrawalBody } from './request-schemas.ts';
import { beganSample, depositSample, shownId, shownTransaction } from './transaction/shown-transaction.ts';

const bankAccount = z
  .object({
    id: shownUuid,
    bank_code: z.string(),
    bank_name: z.string().nullable(),
    account_holder: z.string(),
    account_number: z.string().meta({ description: 'Masked but for its last digits.' }),
    created_at: shownAt,
    usable_from: shownAt.meta({ description: 'Withdrawals can name it from then on.' }),
  })
  .meta({ id: 'BankAccount' });

const { at } = samples;
const withdrawal = {
  id: samples.withdrawalId,
  type: 'withdrawal',
  status: 'pending',
  ...beganSample,
  bank_account_id: samples.bankAccountId,
} as const;
const account = {
  id: samples.bankAccountId,
  bank_code: '250655',
  bank_name: null,
  account_holder: 'T MOKOENA',
  account_number: '•••••••0001',
  created_at: at,
  usable_from: at,
} as const;

/** The public routes of this service. */
export const operations: readonly Operation[] = [
  {
    id: 'createDeposit',
    method: 'POST',
    path: '/deposits',
    tag: 'Transactions',
    summary: 'Begin a deposit',
    description:
      'Send the payer to `checkout_url`. The money is in the wallet when the status is `completed`, which follows Revio’s word and not the payer’s browser.',
    access: 'user',
    body: depositBody,
    keyed: true,
    answers: {
      201: { description: 'The deposit, with the page to pay on', schema: shownTransaction },
      202: {
        description:
          'The deposit, still without a page because Revio cannot be asked. It is tried again: read the deposit until it has one',
        schema: shownTransaction,
      },
    },
    problems: ['amount_below_minimum', 'amount_above_maximum', 'provider_rejected'],
    examples: [
      { name: '150 rand', body: { amount: '150.00', currency: 'ZAR' }, status: 201, answer: depositSample },
      { name: 'A number is no amount', body: { amount: 150, currency: 'ZAR' }, status: 422 },
    ],
  },
  {
    id: 'createWithdrawal',
    method: 'POST',
    path: '/withdrawals',
    tag: 'Transactions',
    summary: 'Begin a withdrawal',
    description:
      'The amount leaves the available balance in this request. An unknown outcome is never a failure: the answer is 202, and the withdrawal says how it ends.',
    access: 'user',
    body: withdrawalBody,
    keyed: true,
    answers: { 202: { description: 'Accepted: the withdrawal', schema: shownTransaction } },
    problems: [
      'bank_account_not_found',
      'bank_account_cooling_off',
      'amount_below_minimum',
      'amount_above_maximum',
      'insufficient_funds',
      'daily_limit_exceeded',
      'monthly_limit_exceeded',
      'wallet_frozen',
      'wallet_in_debt',
      'voided',
    ],
    examples: [
      {
        name: '150 rand',
        body: { amount: '150.00', currency: 'ZAR', bank_account_id: samples.bankAccountId },
        status: 202,
        answer: withdrawal,
      },
      {
        name: 'More than there is',
        body: { amount: '1000000.00', currency: 'ZAR', bank_account_id: samples.bankAccountId },
        status: 422,
      },
    ],
  },
  {
    id: 'cancelWithdrawal',
    method: 'POST',
    path: '/withdrawals/:id/cancel',
    tag: 'Transactions',
    summary: 'Cancel a withdrawal that was not sent yet',
    description: 'May be repeated. The amount is back in the available balance when the status is `cancelled`.',
    access: 'user',
    params: { id: shownId },
    answers: { 202: { description: 'It will be cancelled', schema: shownTransaction } },
    problems: ['transaction_not_found', 'not_cancellable'],
    examples: [{ name: 'Too late', params: { id: samples.withdrawalId }, status: 409 }],
  },
  {
    id: 'addBankAccount',
    method: 'POST',
    path: '/bank-accounts',
    tag: 'Bank accounts',
    summary: 'Add a bank account to withdraw to',
    description:
      'One that is stored in these very words is not stored again but answered: the request may be repeated.',
    access: 'user',
    body: bankAccountBody,
    answers: { 201: { description: 'The bank account, masked', schema: bankAccount } },
    problems: ['too_many_bank_accounts'],
    examples: [
      {
        name: 'A South African account',
        body: { bank_code: '250655', account_number: '62000000001', account_holder: 'T MOKOENA' },
        status: 201,
        answer: account,
      },
    ],
  },
  {
    id: 'removeBankAccount',
    method: 'DELETE',
    path: '/bank-accounts/:id',
    tag: 'Bank accounts',
    summary: 'Remove a bank account',
    description: 'May be repeated. No new withdrawal can name it; one that is on its way to it is paid out to it.',
    access: 'user',
    params: { id: shownUuid },
    answers: { 204: { description: 'It is removed' } },
    examples: [{ name: 'Nobody’s', params: { id: samples.userId }, status: 404 }],
  },
  {
    id: 'listBankAccounts',
    method: 'GET',
    path: '/bank-accounts',
    tag: 'Bank accounts',
    summary: 'Your bank accounts, newest first',
    access: 'user',
    answers: { 200: { description: 'All of them, masked', schema: z.object({ data: z.array(bankAccount) }) } },
    examples: [{ name: 'One account', status: 200, answer: { data: [account] } }],
  },
  ...approvalOperations,
  ...historyOperations,
];
