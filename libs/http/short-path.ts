import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';
import { refuseUnwritable } from './refuse-unwritable.ts';
import type { Step } from './step.ts';

/** One route that is asked far more often than others. It is a route of the application as well, of the same steps. */
export interface ShortRoute {
  method: 'GET' | 'POST' | 'DELETE';
  /** As Express has it, of words and `:names`. */
  path: string;
  /** What the application's `beforeBody` has for it. */
  beforeBody?: readonly Step[];
  /** Who may ask, and then the answer. */
  steps: readonly Step[];
}

/**
 * Says by which steps a plain request goes past Express, whose layers cost more than all of them (docs/performance.md). Undefined for what
 * is not plain: it goes the long way, where everything that can be said of a request is looked after.
 */
export function shortPaths(
  routes: readonly ShortRoute[],
  jsonLimitBytes: number,
): (request: IncomingMessage) => readonly Step[] | undefined {
  // In the order of the table, as the router takes them: `/transactions/export` stands before `/transactions/:id`.
  const known = routes.map(({ method, path, beforeBody = [], steps }) => {
    const mark = markOf(path);
    const limits = beforeBody.length === 0 ? [] : [mark, ...beforeBody];
    return {
      method,
      pattern: patternOf(path),
      bare: [...limits, mark, ...steps],
      read: [...limits, readJson, refuseUnwritable, mark, ...steps],
    };
  });
  return ({ url = '', method, headers }) => {
    const carries = headers['content-type'] !== undefined;
    if (carries ? !isPlainJson(headers, jsonLimitBytes) : !isBare(headers)) return undefined;
    const route = known.find((each) => each.method === method && each.pattern.test(url));
    return carries ? route?.read : route?.bare;
  };
}

/** A word in a path that may stand for anything, as long as it reads the same decoded. Neither a query nor a slash at the end. */
const word = '([A-Za-z0-9_-]+)';
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[a-z]+/g, word)}$`);

/** As Express marks a request once it has found its route. */
function markOf(path: string): Step {
  const pattern = patternOf(path);
  const names = [...path.matchAll(/:([a-z]+)/g)].map(([, name = '']) => name);
  const route = { path };
  return (request, _response, next) => {
    const words = names.length === 0 ? [] : (pattern.exec(request.url ?? '') ?? []).slice(1);
    const params = Object.fromEntries(names.map((name, i) => [name, words[i] ?? '']));
    Object.assign(request, { route, params });
    next();
  };
}

/** Its length is told, and it is neither compressed nor in pieces, nor waiting for a word. */
function isPlainJson(headers: IncomingMessage['headers'], jsonLimitBytes: number): boolean {
  const length = Number(headers['content-length']);
  return (
    headers['content-type'] === 'application/json' &&
    length > 0 &&
    length <= jsonLimitBytes &&
    headers['content-encoding'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined
  );
}

const isBare = (headers: IncomingMessage['headers']): boolean =>
  (headers['content-length'] === undefined || headers['content-length'] === '0') &&
  headers['transfer-encoding'] === undefined &&
  headers.expect === undefined;

/** A client that leaves meanwhile gets no answer, for nobody is there. */
const readJson: Step = async (request, _response, next) => {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', resolve);
  });
  const [whole] = chunks;
  request.body = parsed((whole !== undefined && chunks.length === 1 ? whole : Buffer.concat(chunks)).toString());
  next();
};

/** An object or a list, as Express' strict parser takes it. */
function parsed(text: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (!/^\s*[[{]/.test(json)) throw new Problem('malformed_json');
  try {
    return JSON.parse(json);
  } catch {
    throw new Problem('malformed_json');
  }
}
