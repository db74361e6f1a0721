import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { requireInternal, requireStaff, type UserActor } from '#libs/auth';
import type { Sql } from '#libs/db';
import { parseBody, parseQuery, refuseUnknownQuery } from '#libs/http';
import { storyRoutes } from '#libs/service';
import { type CaseWork, workOnCase } from './cases/work-on-case.ts';
import { operations } from './operations.ts';
import { tellStory } from './people/tell-story.ts';
import { problem } from './problems.ts';
import { type ApproveDeps, approveProposal, rejectProposal } from './proposals/decide-proposal.ts';
import type { Proposal } from './proposals/proposal.ts';
import { type ProposeDeps, proposeAdjustment, proposeResolution } from './proposals/propose.ts';
import {
  adjustmentBody,
  assignBody,
  casesCursorOf,
  casesQuery,
  decisionBody,
  listMax,
  noteBody,
  proposalsQuery,
  resolutionBody,
} from './request-schemas.ts';
import { shownAct, shownCase, shownProposal, shownVerdict } from './resources.ts';

type RouteDeps = ApproveDeps &
  ProposeDeps & { internalKeys: readonly Buffer[]; deadLetters: Router; reports: Router; sql: Sql };

/** Internal: the gateway speaks for admins and support. Nobody speaks without a token for this service. */
export function routes(deps: RouteDeps): Router {
  const router = Router();
  router.use(requireInternal({ audience: 'reconciler', keys: deps.internalKeys }));
  router.use(refuseUnknownQuery(operations));

  router.get('/cases', async (request, response) => {
    requireStaff(request);
    const { cursor: after, limit, ...filter } = parseQuery(casesQuery, request);
    const found = await deps.transact((tx) => tx.listCases(limit + 1, { ...filter, after }));
    const last = found.length > limit ? found[limit - 1] : undefined;
    response.json({
      data: found.slice(0, limit).map(shownCase),
      next_cursor: last === undefined ? null : casesCursorOf(last),
    });
  });
  router.get('/cases/:id', async (request, response) => {
    requireStaff(request);
    response.json(await wholeCase(deps, idOf(request)));
  });
  const work = (path: string, workOf: (request: Request, admin: UserActor) => CaseWork) =>
    router.post(`/cases/:id/${path}`, async (request, response) => {
      const admin = requireAdmin(request);
      response.json(shownCase(accepted(await workOnCase(deps, idOf(request), admin, workOf(request, admin)))));
    });
  work('assign', (request, { userId }) => ({
    step: 'assign',
    assignee: parseBody(assignBody, request).assignee ?? userId,
  }));
  for (const step of ['comment', 'dismiss', 'resolve'] as const)
    work(step, (request) => ({ step, note: parseBody(noteBody, request).note }));

  proposalRoutes(router, deps);
  router.use(deps.deadLetters);
  router.use(deps.reports);
  router.use(storyRoutes({ sql: deps.sql, service: 'reconciler', tell: tellStory(deps.sql) }));
  return router;
}

function proposalRoutes(router: Router, deps: RouteDeps): void {
  const answer = (response: Response, proposal: Proposal, status = 200) =>
    response.status(status).set('etag', `"${proposal.contentHash}"`).json(shownProposal(proposal, deps.clock.now()));

  router.post('/cases/:id/resolutions', async (request, response) => {
    const admin = requireAdmin(request);
    const { outcome, amountMinor, reason_code: reasonCode, evidence } = parseBody(resolutionBody, request);
    const idea = { caseId: idOf(request), outcome, amountMinor, reasonCode, evidence };
    answer(response, accepted(await proposeResolution(deps, admin, idea)), 201);
  });
  router.post('/adjustments', async (request, response) => {
    const admin = requireAdmin(request);
    const {
      user_id: userId,
      case_id: caseId = null,
      reason_code: reasonCode,
      ...rest
    } = parseBody(adjustmentBody, request);
    answer(response, accepted(await proposeAdjustment(deps, admin, { ...rest, userId, caseId, reasonCode })), 201);
  });
  router.get('/proposals', async (request, response) => {
    requireStaff(request);
    const { state } = parseQuery(proposalsQuery, request);
    const found = await deps.transact((tx) => tx.listProposals(listMax, state === undefined ? {} : { state }));
    response.json({ data: found.map((proposal) => shownProposal(proposal, deps.clock.now())) });
  });
  router.get('/proposals/:id', async (request, response) => {
    requireStaff(request);
    const found = await deps.transact((tx) => tx.findProposal(String(request.params['id'])));
    answer(response, accepted(found ?? 'not_found'));
  });
  for (const [verb, decide] of [
    ['approve', approveProposal],
    ['reject', rejectProposal],
  ] as const)
    router.post(`/proposals/:id/${verb}`, async (request, response) => {
      const person = requireAdmin(request);
      const { note = null } = parseBody(decisionBody, request);
      const decision = { proposalId: String(request.params['id']), person, contentHash: contentHashOf(request), note };
      answer(response, accepted(await decide(deps, decision)));
    });
}

/** Looking is for support too; what changes anything is not. */
function requireAdmin(request: Request): UserActor {
  const person = requireStaff(request);
  if (person.role !== 'admin') throw problem('forbidden');
  return person;
}

/** A case's id; what is none names nothing, and is not asked of the database, which would refuse it as a mistake of ours. */
function idOf(request: Request): string {
  const { success, data } = z.uuid().safeParse(request.params['id']);
  if (!success) throw problem('not_found');
  return data;
}

function contentHashOf(request: Request): string {
  const hash = /^"([0-9a-f]{64})"$/.exec(request.get('if-match') ?? '')?.[1];
  if (hash === undefined) throw problem('if_match_missing');
  return hash;
}

function accepted<Result extends object>(result: Result | Parameters<typeof problem>[0]): Result {
  if (typeof result === 'string') throw problem(result);
  return result;
}

/** The case with all that belongs to it: what was decided, what was proposed, and what people did and said. */
const wholeCase = (deps: RouteDeps, id: string) =>
  deps.transact(async (tx) => {
    const found = accepted((await tx.findCase(id)) ?? 'not_found');
    const verdicts = found.transactionId === null ? [] : await tx.verdictsOf(found.transactionId);
    const proposals = await tx.listProposals(listMax, { caseId: id });
    return {
      ...shownCase(found),
      verdicts: verdicts.map(shownVerdict),
      proposals: proposals.map((proposal) => shownProposal(proposal, deps.clock.now())),
      history: (await tx.actsOf(id, listMax)).map(shownAct),
    };
  });
