import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request, with what its way has read of it so far. */
export type ReadRequest = IncomingMessage & {
  body?: unknown;
  query?: unknown;
  params?: Readonly<Record<string, string | string[]>>;
};

/** A part of a request's way that asks nothing of Express, so that it can stand in it and before it. */
export type Step = (request: ReadRequest, response: ServerResponse, next: () => void) => void | Promise<void>;

/** From step to step. What one throws or rejects with ends the way. */
export function walk(
  steps: readonly Step[],
  request: ReadRequest,
  response: ServerResponse,
  fail: (error: unknown, response: ServerResponse) => void,
): void {
  let at = 0;
  const next = (): void => {
    const step = steps[at++];
    try {
      step?.(request, response, next)?.catch((error: unknown) => fail(error, response));
    } catch (error) {
      fail(error, response);
    }
  };
  next();
}

/** A 200 of a step that knows nothing of Express. */
export function answerJson(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
