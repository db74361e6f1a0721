import { type FieldError, Problem } from './problem.ts';

/** Our deepest body has three levels. A body of nothing but brackets would overflow the stack of whatever walks it. */
const depthMax = 32;
/** Enough to mend a client; a hostile body has as many as it has bytes. */
const errorsMax = 20;

/** Half a surrogate pair: no character, and nothing that UTF-8 can write. */
const halfCharacter = /\p{Surrogate}/u;

/**
 * Refuses what JSON can spell and nothing behind us can hold, before any schema, so that no field has to remember it: texts with a
 * NUL, which PostgreSQL refuses, or with half a surrogate pair, and bodies that are nested without end.
 */
export const refuseUnwritable = (
  request: { body?: unknown; query?: unknown },
  _response: unknown,
  next: () => void,
): void => {
  const errors = [...unwritable(request.body), ...unwritable(request.query)].slice(0, errorsMax);
  if (errors.length > 0) throw new Problem('validation_failed', { errors });
  next();
};

function unwritable(body: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const left: { value: unknown; pointer: string; depth: number }[] = [{ value: body, pointer: '', depth: 0 }];
  for (let at = left.pop(); at !== undefined && errors.length < errorsMax; at = left.pop()) {
    const { value, pointer, depth } = at;
    if (typeof value === 'string' && isUnwritable(value)) {
      errors.push({ pointer, code: 'invalid_text', detail: 'Must not contain NUL or half of a surrogate pair' });
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth === depthMax)
      return [{ pointer, code: 'too_deep', detail: `Must not be nested deeper than ${depthMax}` }];
    for (const [key, inner] of Object.entries(value)) {
      if (isUnwritable(key)) errors.push({ pointer, code: 'invalid_text', detail: 'The name of a field is no text' });
      const name = key.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
      left.push({ value: inner, pointer: `${pointer}/${name}`, depth: depth + 1 });
    }
  }
  return errors;
}

const isUnwritable = (text: string): boolean => text.includes('\0') || halfCharacter.test(text);
