import type { Answer } from './answers.ts';

/** A request whose body was read and, where the route takes JSON, parsed. */
export type Call = {
  id: string;
  query: URLSearchParams;
  /** Parsed JSON, or undefined without a body. */
  json: unknown;
  form: URLSearchParams;
  clientIp: string;
};

export type Route = {
  /** Method and path as faults and the request log name them; the API's own base is left out. */
  name: string;
  method: 'GET' | 'POST';
  path: RegExp;
  /** `optional` is the execution URL: it is a capability by itself, but a wrong key is still refused. */
  auth: 'required' | 'optional' | 'none';
  takes: 'json' | 'form' | 'nothing';
  run(call: Call): Answer | Promise<Answer>;
};

/** `POST /purchases/{id}/` becomes a pattern whose one group is the id; every path ends in a slash (REVIO.md §2). */
export function route(name: string, base: string, rest: Pick<Route, 'auth' | 'takes' | 'run'>): Route {
  const [method, path = ''] = name.split(' ');
  const pattern = (base + path).replaceAll('.', '\\.').replace('{id}', '([\\w-]{1,64})');
  return { name, method: method === 'POST' ? 'POST' : 'GET', path: new RegExp(`^${pattern}$`), ...rest };
}
