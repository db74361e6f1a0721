import { Router } from 'express';
import type { DataSource } from 'typeorm';
import { requireInternal, requireService, requireStaff, requireUser } from '#libs/auth';
import { holdRequest, minorUnits } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { answerJson, parseBody, parseQuery, refuseUnknownQuery, type ShortRoute, type Step } from '#libs/http';
import { isCurrency } from '#libs/money';
import { inboxRoute, storyRoutes } from '#libs/service';
import { freezeRoutes } from './freezes/freeze-routes.ts';
import { holdFunds } from './hold-funds.ts';
import type { LedgerDeps } from './in-wallet.ts';
import { isAmount } from './ledger/ledger.ts';
import { operations } from './operations.ts';
import { postingRoutes } from './postings/posting-routes.ts';
import { problem } from './problems.ts';
import { readBalanceAt, readBalancesAt } from './read-balances-at.ts';
import { readPostings, readWallet, readWallets } from './read-books.ts';
import { dayRoutes } from './reports/day-routes.ts';
import { momentQuery } from './request-schemas.ts';
import { shownDecision } from './shown-decision.ts';
import { tellStory } from './tell-story.ts';

type RouteDeps = { ledger: LedgerDeps; dataSource: DataSource; sql: Sql; internalKeys: readonly Buffer[] };

/** Internal: the gateway speaks for users, payments for itself. Nobody speaks without a token for this service. */
export function routes({ ledger, dataSource, sql, internalKeys }: RouteDeps): {
  routes: Router;
  shortRoutes: readonly ShortRoute[];
} {
  const router = Router();
  const guard = requireInternal({ audience: 'wallet', keys: internalKeys });
  router.use(guard);
  router.use(refuseUnknownQuery(operations));

  const placeHold: Step = async (request, response) => {
    requireService(request, ['payments']);
    const { transaction_id, user_id: userId, currency, amount_minor: amountMinor } = parseBody(holdBody, request);
    const hold = await holdFunds(ledger, { transactionId: transaction_id, userId, currency, amountMinor });
    if (hold === 'conflict') throw problem('hold_conflict');
    answerJson(response, shownDecision(hold));
  };
  router.post('/holds', placeHold);

  router.get('/wallets', async (request, response) => {
    const { userId } = requireUser(request);
    const { at } = parseQuery(momentQuery(ledger.clock.now()), request);
    const data = at === undefined ? await readWallets(dataSource, userId) : await readBalancesAt(sql, userId, at);
    response.json({ data });
  });

  router.get('/wallets/:currency', async (request, response) => {
    const { userId } = requireUser(request);
    const { currency } = request.params;
    if (!isCurrency(currency)) throw problem('not_found');
    const { at } = parseQuery(momentQuery(ledger.clock.now()), request);
    const owner = { userId, currency };
    response.json(at === undefined ? await readWallet(dataSource, owner) : await readBalanceAt(sql, owner, at));
  });

  router.get('/transactions/:id/postings', async (request, response) => {
    requireStaff(request);
    response.json({ data: await readPostings(dataSource, request.params.id) });
  });

  router.use(postingRoutes(sql));
  router.use(dayRoutes(sql));
  router.use(freezeRoutes(ledger));
  router.use(inboxRoute(ledger));
  router.use(storyRoutes({ sql, service: 'wallet', tell: tellStory(sql) }));
  return { routes: router, shortRoutes: [{ method: 'POST', path: '/holds', steps: [guard, placeHold] }] };
}

const holdBody = holdRequest.extend({
  amount_minor: minorUnits.transform(BigInt).refine(isAmount, {
    params: { code: 'amount_invalid' },
    error: 'must be above zero and at most the largest amount',
  }),
});
