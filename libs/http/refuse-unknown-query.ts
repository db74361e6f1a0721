import type { RequestHandler } from 'express';
import type { Operation } from './operation.ts';
import { Problem } from './problem.ts';

/** As many as fit on a screen; a hostile query may have thousands. */
const errorsMax = 20;

/**
 * Refuses any query on an operation that has none: 400 `unknown_parameter`. One that has a query parses it with its schema, which
 * refuses what it does not know (`parseQuery`). A service knows its addresses without the `/admin` that says whose they are.
 */
export function refuseUnknownQuery(operations: readonly Operation[], { prefix = '' } = {}): RequestHandler {
  const withoutQuery = operations
    .filter(({ query }) => query === undefined)
    .map(({ method, path, absolute }) => {
      const address = absolute ? path : prefix + (prefix === '' ? path.replace(/^\/admin/, '') : path);
      return { method, pattern: new RegExp(`^${address.replaceAll('.', '\\.').replaceAll(/:[a-z]+/g, '[^/]+')}/?$`) };
    });
  return (request, _response, next) => {
    const names = Object.keys(request.query);
    const isKnownWithout = () =>
      withoutQuery.some(({ method, pattern }) => method === request.method && pattern.test(request.path));
    if (names.length === 0 || !isKnownWithout()) return next();
    throw new Problem('unknown_parameter', {
      errors: names.slice(0, errorsMax).map((name) => ({
        pointer: `/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`,
        code: 'unknown_field',
        detail: 'There is no such parameter',
      })),
    });
  };
}
