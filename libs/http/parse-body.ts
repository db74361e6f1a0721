import type { Request } from 'express';
import type { z } from 'zod';
import { type FieldError, Problem } from './problem.ts';

/** Enough to mend a form in one go; a hostile body can break a schema in as many places as it has bytes. */
const errorsMax = 20;

/**
 * The request's JSON body by `schema`. Throws 422 `validation_failed` with a pointer to each field. A schema names a code of its own
 * with `ctx.addIssue({ code: 'custom', params: { code: 'too_many_decimals' }, message })`.
 */
export const parseBody = <Schema extends z.ZodType>(schema: Schema, request: { body?: unknown }): z.output<Schema> =>
  parse(schema, request.body);

/**
 * The same of the query, whose values are strings: a list of them where a name is repeated. A name that the schema does not have is
 * 400 `unknown_parameter`: whoever filters by a misspelt name must not be shown everything.
 */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  const query = { ...request.query }; // a copy, because Express makes it without a prototype
  const unknown = (schema.safeParse(query).error?.issues ?? []).filter(({ code }) => code === 'unrecognized_keys');
  if (unknown.length > 0) throw new Problem('unknown_parameter', { errors: errorsOf(unknown) });
  return parse(schema, query);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new Problem('validation_failed', { errors: errorsOf(read.error.issues) });
}

const errorsOf = (issues: readonly z.core.$ZodIssue[]): FieldError[] => issues.flatMap(fieldErrors).slice(0, errorsMax);

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, errorsMax).map((key) => ({
      pointer: pointer([...issue.path, key.slice(0, 64)]),
      code: 'unknown_field',
      detail: 'There is no such field',
    }));
  }
  const own = issue.code === 'custom' ? issue.params?.['code'] : undefined;
  return [{ pointer: pointer(issue.path), code: typeof own === 'string' ? own : issue.code, detail: issue.message }];
}

const pointer = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
