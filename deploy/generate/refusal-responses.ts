import { ref } from './openapi-components.ts';
import type { problemsOf } from './operation-problems.ts';

type Json = Record<string, unknown>;
type Problems = ReturnType<typeof problemsOf>;

/** The refusals of an operation by status. Most operations share most of them, so each set of codes is described once. */
export function refusalResponses() {
  const named = new Map<string, Json>();
  return {
    of(problems: Problems): Json {
      const statuses = [...new Set(problems.map(({ status }) => status))];
      return Object.fromEntries(
        statuses.map((status) => {
          const ofStatus = problems.filter((problem) => problem.status === status);
          const name = ofStatus.map(({ code }) => code).join('-');
          named.set(name, refusal(status, ofStatus));
          return [String(status), ref('responses', name)];
        }),
      );
    },
    components: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Statuses after which another try is worth while. */
const worthAnotherTry = [409, 429, 503];

function refusal(status: number, problems: Problems): Json {
  const codes = problems.map(({ code }) => code);
  const waits = worthAnotherTry.includes(status) ? { 'Retry-After': ref('headers', 'RetryAfter') } : {};
  const limits =
    status === 429
      ? { RateLimit: ref('headers', 'RateLimit'), 'RateLimit-Policy': ref('headers', 'RateLimitPolicy') }
      : {};
  const isReplayed = codes.includes('idempotency_key_reused');
  return {
    description: problems.map(({ title, code }) => `\`${code}\`: ${title}`).join('. '),
    headers: {
      'X-Request-Id': ref('headers', 'XRequestId'),
      ...(isReplayed ? { 'Idempotent-Replayed': ref('headers', 'IdempotentReplayed') } : {}),
      ...waits,
      ...limits,
    },
    content: {
      'application/problem+json': {
        schema: { allOf: [ref('schemas', 'Problem'), { properties: { code: { enum: codes } } }] },
        examples: Object.fromEntries(codes.map((code) => [code, ref('examples', code)])),
      },
    },
  };
}
