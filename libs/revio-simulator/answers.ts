import type { z } from 'zod';

/** One HTTP answer, complete but for the `Date` that the server adds. */
export type Answer = { status: number; type: string; body: string; headers?: Record<string, string> };

type ApiError = { message: string; code: string };
/** A map of field (or `__all__`) to a list, or in one captured form to a bare object (REVIO.md §2, sample 12). */
type ErrorBody = Record<string, ApiError[] | ApiError | string>;

/** A refusal is data: the operation changed nothing, and this is what the API says. */
export type Refused = { ok: false; status: number; errors: ErrorBody };
export type Outcome<Value> = { ok: true; value: Value } | Refused;

export function json(status: number, value: unknown, headers?: Record<string, string>): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value), ...(headers ? { headers } : {}) };
}

export function html(status: number, body: string): Answer {
  return {
    status,
    type: 'text/html; charset=utf-8',
    body,
    // No form-action here: browsers apply it to the redirect after a form post too, and that one leads to the merchant.
    headers: {
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'cache-control': 'no-store',
    },
  };
}

/** 303: the browser follows with a GET, so that reloading the merchant's page never posts a card again. */
export function redirect(location: string): Answer {
  return { status: 303, type: 'text/plain', body: '', headers: { location } };
}

export function refused(status: number, code: string, message: string, field = '__all__'): Refused {
  return { ok: false, status, errors: { [field]: [{ message, code }] } };
}

export const notFound: Refused = { ok: false, status: 404, errors: { detail: 'Not found.' } };

export function answerOf(outcome: Outcome<unknown>, status = 200): Answer {
  return outcome.ok ? json(status, outcome.value) : json(outcome.status, outcome.errors);
}

/** Parses with a schema; a failure is the platform's 400, every wrong field with its list, nested names joined by dots. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): Outcome<z.output<Schema>> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  const errors: Record<string, ApiError[]> = {};
  for (const issue of result.error.issues) {
    const field = issue.path.join('.') || '__all__';
    const missing = issue.code === 'invalid_type' && issue.input === undefined;
    const error = missing
      ? { message: 'This field is required.', code: 'required' }
      : { message: issue.message, code: 'invalid' };
    errors[field] = [...(errors[field] ?? []), error];
  }
  return { ok: false, status: 400, errors };
}
