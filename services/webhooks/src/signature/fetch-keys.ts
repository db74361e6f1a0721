import { z } from 'zod';
import type { HttpClient } from '#libs/http';
import { parseStrictJson, publicKeysFrom } from '#libs/revio';
import type { LearnedKeys } from './key-ring.ts';

const registeredWebhook = z.object({ public_key: z.string() });

/**
 * What Revio signs with now (REVIO.md §5): the company's key and those of the registered webhooks. Two reads and one per further
 * webhook, side by side. Throws when any of them fails: half an answer could hide the half that is asked for.
 */
export async function fetchKeys(
  { revio, apiKey }: { revio: HttpClient; apiKey: string },
  webhookIds: readonly string[],
): Promise<LearnedKeys> {
  const read = async (path: string): Promise<string> => {
    const headers = { authorization: `Bearer ${apiKey}` };
    const { status, body } = await revio.request({ method: 'GET', path, headers, idempotent: true });
    if (status !== 200) throw new Error(`Revio answered ${path} with ${status}`);
    return body;
  };
  const [company, ...webhooks] = await Promise.all([
    read('/public_key/'),
    ...webhookIds.map((id) => read(`/webhooks/${id}/`)),
  ]);
  return {
    company: publicKeysFrom(company),
    webhook: webhooks.flatMap((body) => publicKeysFrom(registeredWebhook.parse(parseStrictJson(body)).public_key)),
  };
}
