import { internalTokenFor, type UserActor } from '#libs/auth';
import { type ServiceName, type StoryLine, serviceNames, storyAnswer } from '#libs/contracts';
import type { Sql } from '#libs/db';
import type { Logger } from '#libs/runtime';
import { heardStory, storyOf, type TellStory } from '#libs/service';
import type { Upstream } from '../upstream.ts';

/** Look-ups by key: who needs longer is in trouble, and the story of the others is worth more than the wait. */
const partTimeoutMs = 5_000;

export interface StoryDeps {
  read: Sql;
  upstreams: Record<Exclude<ServiceName, 'gateway'>, Upstream>;
  logger: Logger;
}

type Part = { lines: StoryLine[]; cut: boolean };
type Parts = Map<ServiceName, Part | null>;

export interface Story {
  transaction_id: string;
  /** Services that did not answer: what they know is not told. */
  incomplete: ServiceName[];
  /** Services that know more than they told. */
  cut: ServiceName[];
  data: ({ service: ServiceName } & StoryLine)[];
}

/**
 * All that the five services know of one transaction, by time. Each is asked for itself, and then which of the messages that the others
 * told it has handled: the sender knows what a message says, the receiver when it took it.
 */
export async function readStory(deps: StoryDeps, user: UserActor, transactionId: string): Promise<Story> {
  const told = await partsOf((service) =>
    service === 'gateway'
      ? storyOf(deps.read, tellAudit(deps.read), transactionId)
      : ask(deps, user, service, { method: 'GET', path: `/story/${transactionId}` }),
  );
  const messages = messagesOf(told);
  const heard = await partsOf(async (service) => {
    const ids = [...messages].filter(([, { sender }]) => sender !== service).map(([id]) => id);
    if (ids.length === 0 || told.get(service) === null) return { lines: [], cut: false };
    return service === 'gateway'
      ? heardStory(deps.read, service, ids)
      : ask(deps, user, service, { method: 'POST', path: '/story-messages', json: { message_ids: ids } });
  });
  const linesOf = (parts: Parts) =>
    serviceNames.flatMap((service) => (parts.get(service)?.lines ?? []).map((line) => ({ service, ...line })));
  const named = linesOf(heard).map((line) => {
    const { sender, type } = messages.get(line.ids['message_id'] ?? '') ?? { sender: 'nobody', type: line.text };
    return { ...line, text: `${type} of ${sender}` };
  });
  return {
    transaction_id: transactionId,
    incomplete: serviceNames.filter((service) => told.get(service) === null || heard.get(service) === null),
    cut: serviceNames.filter((service) => told.get(service)?.cut === true),
    data: [...linesOf(told), ...named].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
  };

  async function partsOf(partOf: (service: ServiceName) => Promise<Part>): Promise<Parts> {
    const parts = serviceNames.map(async (service) => {
      const part = await partOf(service).catch((err: unknown) => {
        deps.logger.warn({ err, part: service }, 'a part of a story is missing');
        return null;
      });
      return [service, part] as const;
    });
    return new Map(await Promise.all(parts));
  }
}

/** Throws whatever keeps it from an answer. */
async function ask(
  { upstreams }: StoryDeps,
  actor: UserActor,
  service: Exclude<ServiceName, 'gateway'>,
  request: { method: 'GET' | 'POST'; path: string; json?: unknown },
): Promise<Part> {
  const { client, internalKey } = upstreams[service];
  const token = internalTokenFor(internalKey, { audience: service, actor });
  const { status, body } = await client.request({
    ...request,
    headers: { authorization: `Bearer ${token}` },
    idempotent: true,
    timeoutMs: partTimeoutMs,
  });
  if (status !== 200) throw new Error(`answered by ${status}`);
  return storyAnswer.parse(JSON.parse(body));
}

/** By id: what was told, and who did. */
function messagesOf(parts: Parts): Map<string, { sender: ServiceName; type: string }> {
  const messages = new Map<string, { sender: ServiceName; type: string }>();
  for (const [sender, part] of parts)
    for (const { kind, text, ids } of part?.lines ?? [])
      if (kind === 'told' && ids['message_id'] !== undefined) messages.set(ids['message_id'], { sender, type: text });
  return messages;
}

interface ActRow {
  act_id: string;
  acted_at: Date;
  actor_id: string | null;
  source: string;
  action: string;
  request_id: string | null;
}

/** What the audit log has about it, without the addresses that people came from. */
const tellAudit =
  (read: Sql): TellStory =>
  async (id, limit) => {
    const acts = await read.rows<ActRow>(
      `SELECT act_id, acted_at, actor_id, source, action, request_id FROM audit_log WHERE about = $1 ORDER BY seq LIMIT $2`,
      [id, limit],
    );
    return acts.map(({ act_id, acted_at, actor_id, source, action, request_id }) => ({
      at: acted_at.toISOString(),
      kind: 'act',
      text: `${action}, by the audit log from ${source}`,
      ids: { act_id, ...(actor_id === null ? {} : { actor_id }), ...(request_id === null ? {} : { request_id }) },
      trace_id: null,
    }));
  };
