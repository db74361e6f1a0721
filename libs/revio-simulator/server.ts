import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, answerOf, json, notFound, refused } from './answers.ts';
import type { Faults, RouteFault } from './faults.ts';
import { BODY_BYTES_MAX } from './limits.ts';
import { namesInBody } from './names.ts';
import type { RequestLog } from './request-log.ts';
import type { Route } from './route.ts';

const CONTROL_BASE = '/_sim/';
/** Longer than any pool here keeps an idle connection: cutting one as a call goes out would be a fault that nobody armed. */
const KEEP_ALIVE_MS = 60_000;

type Site = {
  routes: readonly Route[];
  control(method: string, name: string, query: URLSearchParams, input: unknown): Promise<Answer>;
  faults: Faults;
  requests: RequestLog;
  apiKey: string;
  /** The reference and e-mail of the object of this id. */
  namesOfObject(id: string): readonly string[];
  /** Resolves when no webhook is on its way. */
  settled(): Promise<void>;
};

/** An answer, or how the connection dies instead of one: `drop` closes it (FIN), `reset` breaks it (RST). */
type Ending = Answer | 'drop' | 'reset';

const unauthorized = json(401, {
  __all__: { message: 'Invalid or expired authentication token', code: 'invalid_token' },
});
const garbage: Answer = { status: 200, type: 'text/html', body: '<html><body>502 Bad Gateway</body></html>' };
const serverError: Answer = { status: 500, type: 'text/html', body: '<html><body>Internal Server Error</body></html>' };

/** The body as text, or null when it is over the limit. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(body: string): { ok: true; value: unknown } | { ok: false } {
  if (body === '') return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(body) };
  } catch {
    return { ok: false };
  }
}

/** What becomes of a call under a fault. `run` is the honest handling, with its effect. */
async function underFault(
  fault: RouteFault,
  run: () => Promise<Answer>,
  settled: () => Promise<void>,
): Promise<Ending> {
  switch (fault.kind) {
    case 'effect_then_drop':
      await run();
      return 'drop';
    case 'reset':
      return 'reset';
    case '500':
      return serverError;
    case '500_after_effect':
      await run();
      return serverError;
    case '429':
      return json(
        429,
        { code: 'rate_limited', message: 'Too many requests' },
        { 'retry-after': String(fault.seconds) },
      );
    case 'garbage':
      return garbage;
    case 'garbage_after_effect':
      await run();
      return garbage;
    case '404_then_exists':
      return answerOf(notFound);
    case '409_after_effect':
      await run();
      return answerOf(refused(409, 'duplicate', 'Duplicate request'));
    case 'webhook_before_response': {
      const answer = await run();
      await settled();
      return answer;
    }
    case 'hang': {
      const answer = fault.effect === 'before' ? await run() : null;
      await sleep(fault.ms, undefined, { ref: false });
      return fault.effect === 'never' ? 'drop' : (answer ?? (await run()));
    }
  }
}

function isAuthorized(request: IncomingMessage, auth: Route['auth'], apiKey: string): boolean {
  const given = request.headers.authorization;
  if (auth === 'none' || (auth === 'optional' && given === undefined)) return true;
  return given === `Bearer ${apiKey}`;
}

async function runRoute(route: Route, id: string, url: URL, body: string, request: IncomingMessage): Promise<Answer> {
  const parsed = route.takes === 'json' ? parseJson(body) : { ok: true as const, value: undefined };
  if (!parsed.ok) return answerOf(refused(400, 'parse_error', 'JSON parse error'));
  return route.run({
    id,
    query: url.searchParams,
    json: parsed.value,
    form: new URLSearchParams(route.takes === 'form' ? body : ''),
    clientIp: request.socket.remoteAddress ?? '',
  });
}

async function answerApi(site: Site, request: IncomingMessage, url: URL, body: string): Promise<Ending> {
  const method = request.method ?? '';
  const here = site.routes.filter((route) => route.path.test(url.pathname));
  const route = here.find((candidate) => candidate.method === method);
  const id = route?.path.exec(url.pathname)?.[1] ?? '';
  const names = () => (id === '' ? namesInBody(body) : site.namesOfObject(id));
  const fault = route && site.faults.takeForRoute(route.name, names);
  const ending = await (async (): Promise<Ending> => {
    if (route === undefined) {
      return here.length === 0 ? answerOf(notFound) : json(405, { detail: `Method "${method}" not allowed.` });
    }
    const run = async () =>
      isAuthorized(request, route.auth, site.apiKey) ? runRoute(route, id, url, body, request) : unauthorized;
    return fault === undefined ? run() : underFault(fault, run, site.settled);
  })();
  site.requests.add({
    at: new Date().toISOString(),
    method,
    path: url.pathname,
    route: route?.name ?? null,
    status: typeof ending === 'string' ? null : ending.status,
    fault: fault?.kind ?? null,
  });
  return ending;
}

async function answerControl(site: Site, request: IncomingMessage, url: URL, body: string): Promise<Answer> {
  const input = parseJson(body);
  if (!input.ok) return answerOf(refused(400, 'parse_error', 'JSON parse error'));
  const name = url.pathname.slice(CONTROL_BASE.length).replace(/\/$/, '');
  return site.control(request.method ?? '', name, url.searchParams, input.value);
}

async function serve(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  const body = await readBody(request);
  const ending =
    body === null
      ? json(413, { detail: 'Request body too large.' }, { connection: 'close' })
      : await (url.pathname.startsWith(CONTROL_BASE) ? answerControl : answerApi)(site, request, url, body);
  if (ending === 'reset') request.socket.resetAndDestroy();
  else if (ending === 'drop') request.socket.destroy();
  else response.writeHead(ending.status, { 'content-type': ending.type, ...ending.headers }).end(ending.body);
}

/** The HTTP face; it does not listen yet. */
export function createSiteServer(site: Site): Server {
  return createServer({ noDelay: true, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    serve(site, request, response).catch((error: unknown) => {
      // A caller that hangs up is ordinary; anything else is a mistake in the simulator and must be seen.
      if (!request.destroyed || !response.destroyed) process.stderr.write(`simulator: ${String(error)}\n`);
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
}
