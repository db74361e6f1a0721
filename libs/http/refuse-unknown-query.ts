import type { RequestHandler } from 'express';
import type { Operation } from './operation.ts';
import { Problem } from './problem.ts';

/** As many as fit on a screen; a hostile query may have thousands. */
const errorsMax = 20;

/**
 * Refuses any query on an operation that has none: 400 `unknown_parameter`. One that has a query parses it with its schema, which
 * refuses what it does not know (`parseQuery`). A service knows its addresses without the `/admin` that says whose they are.
 * Pages outside the API take whatever a browser brings along: Revio may send a payer back with a query of its own.
 */
export function refuseUnknownQuery(operations: readonly Operation[], { prefix = '' } = {}): RequestHandler {
  const ofTheApi = operations.filter(({ absolute }) => !absolute);
  const known = ofTheApi.map(({ method, path, query }) => {
    const address = prefix + (prefix === '' ? path.replace(/^\/admin/, '') : path);
    const pattern = new RegExp(`^${address.replaceAll('.', '\\.').replaceAll(/:[a-z]+/g, '[^/]+')}/?$`, 'i');
    return { method, pattern, hasQuery: query !== undefined };
  });
  return (request, _response, next) => {
    const names = Object.keys(request.query);
    // As the router takes it: in any case of letters, and a HEAD for the GET that it asks about.
    const asksFor = request.method === 'HEAD' ? 'GET' : request.method;
    // The first that fits, as the router takes it: `/transactions/export` stands before `/transactions/:id`.
    const asked = () => known.find(({ method, pattern }) => method === asksFor && pattern.test(request.path));
    if (names.length === 0 || asked()?.hasQuery !== false) return next();
    throw new Problem('unknown_parameter', {
      errors: names.slice(0, errorsMax).map((name) => ({
        pointer: `/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`,
        code: 'unknown_field',
        detail: 'There is no such parameter',
      })),
    });
  };
}
