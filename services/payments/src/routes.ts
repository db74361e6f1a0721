import { type Response, Router } from 'express';
import { requireInternal, requireService, requireStaff, requireUser } from '#libs/auth';
import { providerReadRequest } from '#libs/contracts';
import { parseBody, parseQuery, refuseUnknownQuery } from '#libs/http';
import { inboxRoute } from '#libs/service';
import { approvalRoutes } from './approval/approval-routes.ts';
import { addBankAccount } from './bank-account/add-bank-account.ts';
import { listBankAccounts } from './bank-account/list-bank-accounts.ts';
import { removeBankAccount } from './bank-account/remove-bank-account.ts';
import { requestDeposit } from './deposit/request-deposit.ts';
import type { Deps } from './deps.ts';
import { exportOwn } from './history/export-transactions.ts';
import { listAll, listOwn } from './history/list-transactions.ts';
import { adminListQuery, exportQuery, listQuery, noQuery } from './history/read-query.ts';
import { readAny, readOwn } from './history/read-transaction.ts';
import type { OnceAnswer } from './idempotency/answer-once.ts';
import { readIdempotencyKey } from './idempotency/read-key.ts';
import { operations } from './operations.ts';
import { readProvider } from './read-provider.ts';
import {
  bankAccountBody,
  depositBody,
  readBankAccountId,
  readTransactionId,
  withdrawalBody,
} from './request-schemas.ts';
import { readTimeline, timelineQuery } from './transaction/read-timeline.ts';
import { cancelWithdrawal } from './withdrawal/cancel-withdrawal.ts';
import { requestWithdrawal } from './withdrawal/request-withdrawal.ts';

/** Internal: the gateway speaks for users, the reconciler for itself. Nobody speaks without a token for this service. */
export function routes(deps: Deps, internalKeys: readonly Buffer[], story = Router()): Router {
  const router = Router();
  router.use(requireInternal({ audience: 'payments', keys: internalKeys }));
  router.use(refuseUnknownQuery(operations));

  router.post('/deposits', async (request, response) => {
    const { userId, email } = requireUser(request);
    const idempotencyKey = readIdempotencyKey(request);
    const { amountMinor, currency } = parseBody(depositBody, request);
    sendOnce(response, await requestDeposit(deps, { userId, email, idempotencyKey, amountMinor, currency }));
  });

  router.post('/withdrawals', async (request, response) => {
    const { userId, email } = requireUser(request);
    const idempotencyKey = readIdempotencyKey(request);
    const { amountMinor, currency, bank_account_id: bankAccountId } = parseBody(withdrawalBody, request);
    const withdrawal = { userId, email, idempotencyKey, amountMinor, currency, bankAccountId };
    sendOnce(response, await requestWithdrawal(deps, withdrawal));
  });

  router.post('/withdrawals/:id/cancel', async (request, response) => {
    const { userId } = requireUser(request);
    response.status(202).json(await cancelWithdrawal(deps, { userId, id: readTransactionId(request.params.id) }));
  });

  router.post('/bank-accounts', async (request, response) => {
    const { userId } = requireUser(request);
    const { bank_code: bankCode, bank_name: bankName = null, ...body } = parseBody(bankAccountBody, request);
    const { account_holder: holder, account_number: accountNumber } = body;
    response.status(201).json(await addBankAccount(deps, { userId, bankCode, bankName, holder, accountNumber }));
  });

  router.delete('/bank-accounts/:id', async (request, response) => {
    const { userId } = requireUser(request);
    await removeBankAccount(deps, { userId, id: readBankAccountId(request.params.id) });
    response.status(204).end();
  });

  router.get('/bank-accounts', async (request, response) => {
    const { userId } = requireUser(request);
    response.json(await listBankAccounts(deps, userId));
  });

  router.get('/transactions', async (request, response) => {
    const { userId } = requireUser(request);
    response.json(await listOwn(deps, userId, parseQuery(listQuery, request)));
  });

  router.get('/transactions/export', async (request, response) => {
    const { userId } = requireUser(request);
    await exportOwn(deps, userId, parseQuery(exportQuery, request), response);
  });

  router.get('/transactions/:id', async (request, response) => {
    const { userId } = requireUser(request);
    response.json(await readOwn(deps, { userId, id: readTransactionId(request.params.id) }));
  });

  router.get('/admin/transactions', async (request, response) => {
    requireStaff(request);
    response.json(await listAll(deps, parseQuery(adminListQuery, request)));
  });

  router.get('/admin/transactions/:id', async (request, response) => {
    requireStaff(request);
    parseQuery(noQuery, request);
    response.json(await readAny(deps, readTransactionId(request.params.id)));
  });

  router.get('/transactions/:id/timeline', async (request, response) => {
    const { userId } = requireUser(request);
    const { after } = parseQuery(timelineQuery, request);
    response.json(await readTimeline(deps, { userId, id: readTransactionId(request.params.id), after }));
  });

  router.post('/provider-reads', async (request, response) => {
    requireService(request, ['reconciler']);
    response.json(await readProvider(deps, parseBody(providerReadRequest, request)));
  });

  router.use(inboxRoute(deps));
  router.use(approvalRoutes(deps));
  router.use(story);
  return router;
}

/** The stored bytes as they are: a repeat gets the same ones. */
function sendOnce(response: Response, { answer, replayed }: OnceAnswer): void {
  if (replayed) response.set('idempotent-replayed', 'true');
  const type = answer.status >= 400 ? 'application/problem+json' : 'application/json';
  response.status(answer.status).type(type).send(answer.body);
}
