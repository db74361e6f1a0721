import { type Operation, type ProblemCode, problemCatalogue } from '#libs/http';

/** What any operation may be refused with, beside its own refusals: it follows from what it takes and from whom. */
export function problemsOf(operation: Operation): { code: ProblemCode; status: number; title: string }[] {
  const { access, params, body, query, keyed, conditional, method, problems = [] } = operation;
  const isPublic = access === 'public';
  const codes: ProblemCode[] = [
    'bad_request',
    ...(operation.absolute ? [] : (['unknown_parameter'] as const)),
    ...(method === 'GET' ? [] : (['malformed_json', 'body_too_large', 'unsupported_media_type'] as const)),
    ...(body === undefined && query === undefined ? [] : (['validation_failed'] as const)),
    ...(params === undefined ? [] : (['not_found'] as const)),
    ...(isPublic ? [] : (['unauthenticated', 'idempotency_key_invalid'] as const)),
    ...(access === 'staff' || access === 'admin' ? (['forbidden'] as const) : []),
    ...(keyed ? (['idempotency_key_missing', 'idempotency_key_reused', 'request_in_progress'] as const) : []),
    ...(conditional ? (['if_match_missing', 'content_changed'] as const) : []),
    'rate_limited',
    ...problems,
    'internal_error',
    'overloaded',
    'temporarily_unavailable',
    'service_unavailable',
  ];
  return [...new Set(codes)].map((code) => ({ code, ...problemCatalogue[code] }));
}
