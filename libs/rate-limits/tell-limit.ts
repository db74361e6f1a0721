import type { ServerResponse } from 'node:http';
import { Problem } from '#libs/http';
import type { Limit } from './limit.ts';
import type { Taken } from './shared-counter.ts';

const secondsOf = (ms: number): number => Math.ceil(ms / 1000);

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): structured fields, one member per limit. */
export function tellLimit(
  response: ServerResponse,
  { name, max, windowS }: Limit,
  { remaining, resetMs }: Pick<Taken, 'remaining' | 'resetMs'>,
): void {
  const add = (header: string, member: string) =>
    response.setHeader(header, [response.getHeader(header) ?? [], member].flat().join(', '));
  add('ratelimit-policy', `"${name}";q=${max};w=${windowS}`);
  add('ratelimit', `"${name}";r=${remaining};t=${secondsOf(resetMs)}`);
}

/** What a request is answered that comes after the last one of its window. */
export const limitRefusal = ({ name, max, windowS }: Limit, { resetMs }: Pick<Taken, 'resetMs'>): Problem =>
  new Problem('rate_limited', {
    detail: `The limit "${name}" is ${max} in ${windowS} seconds`,
    headers: { 'retry-after': String(Math.max(1, secondsOf(resetMs))) },
  });
