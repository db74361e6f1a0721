import { z } from 'zod';
import { currency, samples, shownAmount, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { bankAccountBody, depositBody, transactionsQuery, withdrawalBody } from './request-schemas.ts';

const id = z.string().meta({ description: 'Of a transaction: `dep_…`, `wd_…` or `rev_…`.' });

const transactionFields = {
  id,
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
  reversal_of: id.optional(),
  reversal: z.enum(['refund', 'chargeback', 'payout_return']).optional(),
};
const transaction = z.object(transactionFields).meta({ id: 'Transaction' });
const transactionDetails = z
  .object({
    ...transactionFields,
    timeline: z.array(z.object({ status: transactionFields.status, reason: transactionFields.reason, at: shownAt })),
  })
  .meta({ id: 'TransactionDetails' });

const bankAccount = z
  .object({
    id: shownUuid,
    bank_code: z.string(),
    bank_name: z.string().nullable(),
    account_holder: z.string(),
    account_number: z.string().meta({ description: 'Masked but for its last digits.' }),
    created_at: shownAt,
  })
  .meta({ id: 'BankAccount' });

const { at } = samples;
const began = { reason: null, amount: '150.00', currency: 'ZAR', created_at: at, updated_at: at } as const;
const deposit = {
  id: samples.depositId,
  type: 'deposit',
  status: 'pending',
  ...began,
  checkout_url: 'https://gate.reviopay.com/p/0d2f8a3e',
  due_at: at,
} as const;
const withdrawal = {
  id: samples.withdrawalId,
  type: 'withdrawal',
  status: 'pending',
  ...began,
  bank_account_id: samples.bankAccountId,
} as const;
const account = {
  id: samples.bankAccountId,
  bank_code: '250655',
  bank_name: null,
  account_holder: 'T MOKOENA',
  account_number: '•••••••0001',
  created_at: at,
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
      201: { description: 'The deposit, with the page to pay on', schema: transaction },
      202: {
        description:
          'The deposit, still without a page because Revio cannot be asked. It is tried again: read the deposit until it has one',
        schema: transaction,
      },
    },
    problems: ['provider_rejected'],
    examples: [
      { name: '150 rand', body: { amount: '150.00', currency: 'ZAR' }, status: 201, answer: deposit },
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
    answers: { 202: { description: 'Accepted: the withdrawal', schema: transaction } },
    problems: ['bank_account_not_found', 'insufficient_funds', 'wallet_frozen', 'wallet_in_debt', 'voided'],
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
    params: { id },
    answers: { 202: { description: 'It will be cancelled', schema: transaction } },
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
    id: 'listBankAccounts',
    method: 'GET',
    path: '/bank-accounts',
    tag: 'Bank accounts',
    summary: 'Your bank accounts, newest first',
    access: 'user',
    answers: { 200: { description: 'All of them, masked', schema: z.object({ data: z.array(bankAccount) }) } },
    examples: [{ name: 'One account', status: 200, answer: { data: [account] } }],
  },
  {
    id: 'listTransactions',
    method: 'GET',
    path: '/transactions',
    tag: 'Transactions',
    summary: 'Your transactions, newest first',
    access: 'user',
    query: transactionsQuery,
    answers: { 200: { description: 'A page', schema: z.object({ data: z.array(transaction) }) } },
    examples: [
      { name: 'The newest two', query: { limit: '2' }, status: 200, answer: { data: [deposit] } },
      { name: 'A parameter that does not exist', query: { colour: 'blue' }, status: 400 },
    ],
  },
  {
    id: 'readTransaction',
    method: 'GET',
    path: '/transactions/:id',
    tag: 'Transactions',
    summary: 'A transaction with its timeline',
    access: 'user',
    params: { id },
    answers: { 200: { description: 'The transaction', schema: transactionDetails } },
    problems: ['transaction_not_found'],
    examples: [
      {
        name: 'A deposit',
        params: { id: samples.depositId },
        status: 200,
        answer: { ...deposit, timeline: [{ status: 'pending', reason: null, at }] },
      },
    ],
  },
];
