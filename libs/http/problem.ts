import { type ProblemCode, problemCatalogue } from './problem-catalogue.ts';

/** One thing wrong with a request; `pointer` is a JSON Pointer (RFC 6901) into its body, empty for the whole. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

export interface ProblemDetails {
  /** What happened this time, fit for the client's eyes. */
  detail?: string;
  errors?: readonly FieldError[];
  headers?: Readonly<Record<string, string>>;
  /** Further members (RFC 9457 §3.2), for clients that do something with them. */
  members?: Readonly<Record<string, unknown>>;
}

/**
 * A refusal that the client may read: problem details (RFC 9457) with a `code` that stays the same for good, because clients
 * branch on it; its status and title are the catalogue's. Anything else that is thrown becomes a 500 that says nothing but its request id.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    const { status, title } = problemCatalogue[code];
    super(details.detail ?? title);
    this.code = code;
    this.status = status;
    this.details = details;
  }

  /** The `application/problem+json` body. */
  body(requestId: string | undefined): Record<string, unknown> {
    const { detail, errors, members = {} } = this.details;
    return {
      // A reference to its page, absolute by the address that was called (RFC 9457 §3.1.1): no service knows its public name.
      type: `/problems/${this.code}`,
      code: this.code,
      title: problemCatalogue[this.code].title,
      status: this.status,
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...members,
      ...(requestId === undefined ? {} : { request_id: requestId }),
    };
  }
}
