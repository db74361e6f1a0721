/** One thing wrong with a request; `pointer` is a JSON Pointer (RFC 6901) into its body, empty for the whole. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

interface Details {
  /** The same sentence for every problem of this code. */
  title: string;
  /** What happened this time, fit for the client's eyes. */
  detail?: string;
  errors?: readonly FieldError[];
  headers?: Readonly<Record<string, string>>;
}

/**
 * A refusal that the client may read: problem details (RFC 9457) with a `code` that stays the same for good, because clients
 * branch on it. Anything else that is thrown becomes a 500 that says nothing but its request id.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: string;
  readonly status: number;
  readonly details: Details;

  constructor(code: string, status: number, details: Details) {
    super(details.detail ?? details.title);
    this.code = code;
    this.status = status;
    this.details = details;
  }

  /** The `application/problem+json` body. */
  body(requestId: string | undefined): Record<string, unknown> {
    const { title, detail, errors } = this.details;
    return {
      type: `urn:piggybank:problem:${this.code}`,
      code: this.code,
      title,
      status: this.status,
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...(requestId === undefined ? {} : { request_id: requestId }),
    };
  }
}
