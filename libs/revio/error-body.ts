/** One thing that Revio complains about. Its free text may echo personal data and is dropped. */
export interface RevioError {
  /** The field of our request, as Revio names it; null when it is about the whole of it. */
  field: string | null;
  /** Revio's own word, or `unspecified`. */
  code: string;
}

/** A request of ours has some 20 fields; more complaints would only be repetition. */
const errorsMax = 20;

/** Keys that name no field of ours. */
const wholeRequest = new Set(['__all__', 'non_field_errors', 'error']);

/**
 * Reads an error body in each form that Revio is known to use (REVIO.md §2, samples 09 and 12): a map of field or `__all__` to a
 * list of `{message, code}` or to one of them, a bare `{code, message}`, `{status, error: {code, message}}`, `{detail}`, `{error}`
 * and HTML from a proxy. Never throws and never returns an empty list: what cannot be read is one `unspecified` error.
 */
export function readErrorBody(body: string): RevioError[] {
  const raw = parsed(body);
  const complaints = typeof raw['code'] === 'string' ? { __all__: raw } : raw;
  const errors = Object.entries(complaints).flatMap(([name, value]) =>
    [value]
      .flat()
      .filter(isMap)
      .map((complaint) => ({ field: wholeRequest.has(name) ? null : name.slice(0, 64), code: codeOf(complaint) })),
  );
  return errors.length > 0 ? errors.slice(0, errorsMax) : [{ field: null, code: 'unspecified' }];
}

type Json = Record<string, unknown>;

const isMap = (raw: unknown): raw is Json => typeof raw === 'object' && raw !== null && !Array.isArray(raw);

function parsed(body: string): Json {
  try {
    const raw: unknown = JSON.parse(body);
    return isMap(raw) ? raw : {};
  } catch {
    return {};
  }
}

const codeOf = ({ code }: Json): string =>
  typeof code === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(code) ? code : 'unspecified';
