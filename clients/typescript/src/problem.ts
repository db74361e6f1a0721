import type { ProblemCode } from './api.ts';

/** One thing that is wrong with a request. */
export interface FieldError {
  /** A JSON Pointer (RFC 6901) into the body. */
  pointer: string;
  code: string;
  detail: string;
}

/** The API refused the request: problem details, RFC 9457. Branch on `code`. */
export class PiggybankProblem extends Error {
  override readonly name = 'PiggybankProblem';
  readonly code: ProblemCode | (string & {});
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly requestId: string | undefined;
  /** Everything that was answered. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Of a request that moves money: the same call with this key is the same request. */
  readonly idempotencyKey: string | undefined;

  constructor(status: number, body: Readonly<Record<string, unknown>>, idempotencyKey?: string) {
    super(`${String(body['code'])}: ${String(body['detail'] ?? body['title'])}`);
    this.code = String(body['code']);
    this.status = status;
    this.errors = (body['errors'] as readonly FieldError[] | undefined) ?? [];
    this.requestId = body['request_id'] as string | undefined;
    this.body = body;
    this.idempotencyKey = idempotencyKey;
  }
}

/**
 * No usable answer came, after all tries. Of a request that moves money it is unknown whether it was carried out: call again with
 * `idempotencyKey`, today or tomorrow, and it is carried out once.
 */
export class PiggybankUnreachable extends Error {
  override readonly name = 'PiggybankUnreachable';
  readonly idempotencyKey: string | undefined;

  constructor(cause: unknown, idempotencyKey?: string) {
    super('no answer came', { cause });
    this.idempotencyKey = idempotencyKey;
  }
}
