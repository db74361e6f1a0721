import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { HttpUnavailable, type StreamedAnswer } from '#libs/http';
import { unavailableFor } from './problems.ts';
import type { Upstream } from './upstream.ts';

/** What a service may send as a file. */
const fileTypes =
  /^(text\/csv|application\/json|application\/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet)\b/;
const problemType = /^application\/problem\+json\b/;
const answerHeaders = ['content-type', 'content-disposition', 'retry-after'];

/**
 * Passes a file on as it comes, never more of it in memory than a few pieces: the client's speed is the service's, and a client that goes away
 * stops the service. What breaks off after the first byte is broken off here too, because half a file must not look like a whole one.
 */
export async function streamExport(
  { client }: Upstream,
  { path, token }: { path: string; token: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await client
    .stream({ path, headers: { accept: '*/*', authorization: `Bearer ${token}` } })
    .catch((error: unknown) => {
      throw error instanceof HttpUnavailable ? unavailableFor.read : error;
    });
  if (!isFit(answer)) {
    answer.body.destroy();
    throw unavailableFor.read;
  }
  if (request.destroyed && !request.complete) return void answer.body.destroy();
  for (const name of answerHeaders) {
    const value = answer.headers[name];
    if (typeof value === 'string') response.setHeader(name, value);
  }
  response.statusCode = answer.status;
  // Either side's end is the other's; who was it shows in the request's log line.
  await pipeline(answer.body, response).catch(() => response.destroy());
}

/** A 401 is about the internal token, which is our affair. */
const isFit = ({ status, headers }: StreamedAnswer): boolean => {
  const type = String(headers['content-type'] ?? '');
  return (status === 200 && fileTypes.test(type)) || (status >= 400 && status !== 401 && problemType.test(type));
};
