import { Router } from 'express';
import type { z } from 'zod';
import { requireStaff } from '#libs/auth';
import {
  type ServiceName,
  type StoryLine,
  type storyAnswer,
  storyLinesMax,
  storyMessagesRequest,
  transactionId,
} from '#libs/contracts';
import type { Sql } from '#libs/db';
import { Problem, parseBody } from '#libs/http';
import { messagesHeardAmong, messagesToldAbout } from '#libs/messaging';

type Answer = z.infer<typeof storyAnswer>;

/** What a service's own tables say of a transaction, in any order, and at most so many of each kind. */
export type TellStory = (transactionId: string, limit: number) => Promise<StoryLine[]>;

/**
 * What this service knows of one transaction, for people who look into it: `GET /story/:id`, and `POST /story-messages` for the messages
 * that it heard, which are known by the ids that their senders have. Mount it behind `requireInternal`.
 */
export function storyRoutes({ sql, service, tell }: { sql: Sql; service: ServiceName; tell: TellStory }): Router {
  const router = Router();
  router.get('/story/:id', async (request, response) => {
    requireStaff(request);
    const { success, data: id } = transactionId.safeParse(request.params.id);
    if (!success) throw new Problem('not_found');
    response.json(await storyOf(sql, tell, id));
  });
  router.post('/story-messages', async (request, response) => {
    requireStaff(request);
    response.json(await heardStory(sql, service, parseBody(storyMessagesRequest, request).message_ids));
  });
  return router;
}

/** One more than is shown is asked for, which says whether there is more. */
export async function storyOf(sql: Sql, tell: TellStory, id: string): Promise<Answer> {
  const limit = storyLinesMax + 1;
  const lines = [...(await tell(id, limit)), ...(await toldStory(sql, id, limit))];
  lines.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return { lines: lines.slice(0, storyLinesMax), cut: lines.length > storyLinesMax };
}

async function toldStory(sql: Sql, id: string, limit: number): Promise<StoryLine[]> {
  const told = await messagesToldAbout(sql, id, limit);
  return told.map((message) => ({
    at: message.toldAt.toISOString(),
    kind: 'told',
    text: message.publishedAt === null ? `${message.type}, still to be sent` : message.type,
    ids: { message_id: message.id, ...idsOf(message.data) },
    trace_id: message.traceId,
  }));
}

export async function heardStory(sql: Sql, service: ServiceName, messageIds: readonly string[]): Promise<Answer> {
  const heard = await messagesHeardAmong(sql, service, messageIds);
  const lines = heard.map(
    ({ id, heardAt, traceId }): StoryLine => ({
      at: heardAt.toISOString(),
      kind: 'heard',
      text: 'a message',
      ids: { message_id: id },
      trace_id: traceId,
    }),
  );
  return { lines, cut: false };
}

/** The ids of things: whose they are is in the transaction, and is not repeated. */
const idsOf = (data: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).filter(
      (entry): entry is [string, string] =>
        entry[0].endsWith('_id') && typeof entry[1] === 'string' && !['transaction_id', 'user_id'].includes(entry[0]),
    ),
  );
