import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { requireAdmin, requireStaff } from '#libs/auth';
import { parseBody, parseQuery } from '#libs/http';
import { problem } from '../problems.ts';
import { cancelReplay } from './cancel-replay.ts';
import type { DeadLetterDeps } from './deps.ts';
import { discardDeadLetter } from './discard-dead-letter.ts';
import type { Wanted } from './replay-store.ts';
import {
  cursorOf,
  deadLetterGroupsQuery,
  deadLettersQuery,
  discardBody,
  replayBody,
  replaysBody,
} from './request-schemas.ts';
import { shownDeadLetter, shownForetold, shownGroup, shownReplay, shownWholeLetter } from './resources.ts';
import { startReplay, tryReplay } from './start-replay.ts';

/** As many as a person reads through. */
const listMax = 100;

/** Dead letter queues for people (REQUIREMENTS W8): looking is for support too, what changes anything for admins. */
export function deadLetterRoutes(deps: DeadLetterDeps): Router {
  const router = Router();

  router.get('/dead-letters', async (request, response) => {
    requireStaff(request);
    const { cursor = null, limit, correlation_id: correlationId, ...filter } = parseQuery(deadLettersQuery, request);
    const page = { after: cursor, limit: limit + 1 };
    const found = await deps.transact((tx) => tx.listDeadLetters({ ...filter, correlationId }, page));
    const last = found.length > limit ? found[limit - 1] : undefined;
    response.json({
      data: found.slice(0, limit).map(shownDeadLetter),
      next_cursor: last === undefined ? null : cursorOf(last),
    });
  });
  router.get('/dead-letter-groups', async (request, response) => {
    requireStaff(request);
    const filter = parseQuery(deadLetterGroupsQuery, request);
    response.json({ data: (await deps.transact((tx) => tx.groupDeadLetters(filter, listMax))).map(shownGroup) });
  });
  router.get('/dead-letters/:id', async (request, response) => {
    requireStaff(request);
    response.json(await wholeLetter(deps, idOf(request)));
  });
  router.post('/dead-letters/:id/discard', async (request, response) => {
    const admin = requireAdmin(request);
    const { reason } = parseBody(discardBody, request);
    response.json(shownDeadLetter(accepted(await discardDeadLetter(deps, admin, { id: idOf(request), reason }))));
  });
  replayRoutes(router, deps);
  return router;
}

function replayRoutes(router: Router, deps: DeadLetterDeps): void {
  const replay = async (request: Request, response: Response, wanted: Wanted, isDry: boolean) => {
    const admin = requireAdmin(request);
    if (isDry) response.json({ data: (await tryReplay(deps, wanted)).map(shownForetold) });
    else response.status(202).json(shownReplay(accepted(await startReplay(deps, admin, wanted))));
  };
  router.post('/dead-letters/:id/replay', async (request, response) => {
    requireAdmin(request);
    const { dry_run: isDry } = parseBody(replayBody, request);
    const id = idOf(request);
    accepted((await deps.transact((tx) => tx.findDeadLetter(id))) ?? 'not_found');
    await replay(request, response, { ids: [id] }, isDry);
  });
  router.post('/dead-letter-replays', async (request, response) => {
    requireAdmin(request);
    const { dry_run: isDry, ids, ...filter } = parseBody(replaysBody, request);
    await replay(request, response, ids === undefined ? { filter } : { ids }, isDry);
  });
  router.get('/dead-letter-replays', async (request, response) => {
    requireStaff(request);
    response.json({ data: (await deps.transact((tx) => tx.listReplays(listMax))).map(shownReplay) });
  });
  router.get('/dead-letter-replays/:id', async (request, response) => {
    requireStaff(request);
    const found = await deps.transact((tx) => tx.findReplay(idOf(request)));
    response.json(shownReplay(accepted(found ?? 'not_found')));
  });
  router.post('/dead-letter-replays/:id/cancel', async (request, response) => {
    const admin = requireAdmin(request);
    response.json(shownReplay(accepted(await cancelReplay(deps, admin, idOf(request)))));
  });
}

const wholeLetter = (deps: DeadLetterDeps, id: string) =>
  deps.transact(async (tx) => {
    const letter = accepted((await tx.findDeadLetter(id)) ?? 'not_found');
    return shownWholeLetter(letter, await tx.deathsOf(id, listMax), await tx.listReplays(listMax, id));
  });

/** What is no UUID names nothing, and is not asked of the database, which would refuse it as a mistake of ours. */
function idOf(request: Request): string {
  const { success, data } = z.uuid().safeParse(request.params['id']);
  if (!success) throw problem('not_found');
  return data;
}

function accepted<Result extends object>(result: Result | Parameters<typeof problem>[0]): Result {
  if (typeof result === 'string') throw problem(result);
  return result;
}
