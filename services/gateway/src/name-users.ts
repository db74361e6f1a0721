import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Sql } from '#libs/db';
import { type HttpResponse, Problem } from '#libs/http';
import { emailsOf, userIdOf } from './user-emails.ts';

/** Nobody's: a list of nobody's transactions is empty, which is the answer for an address that no user has. */
const nobody = '00000000-0000-0000-0000-000000000000';

const email = z.string().trim().toLowerCase().pipe(z.email().max(254));

/**
 * The query of a list across users, as the service understands it: `user_email` becomes the `user_id` that only the gateway knows. Of an
 * e-mail and an id that are two people's, nothing is found. Throws `validation_failed` for what is no e-mail.
 */
export async function withUserId(read: Sql, request: IncomingMessage): Promise<string> {
  const asIs = queryOf(request);
  const query = new URLSearchParams(asIs.slice(1));
  const given = query.getAll('user_email');
  if (given.length === 0) return asIs;
  const parsed = email.safeParse(given.length === 1 ? given[0] : undefined);
  if (!parsed.success) {
    const detail = 'Must be one e-mail address';
    throw new Problem('validation_failed', { errors: [{ pointer: '/user_email', code: 'invalid_format', detail }] });
  }
  const found = (await userIdOf(read, parsed.data)) ?? nobody;
  const asked = query.getAll('user_id');
  query.delete('user_email');
  // A wrong id stays, for the service to say what is wrong with it.
  if (asked.length === 0) query.set('user_id', found);
  else if (asked.length === 1 && z.uuid().safeParse(asked[0]).success && asked[0]?.toLowerCase() !== found) {
    query.set('user_id', nobody);
  }
  return `?${query}`;
}

/** The query as it was sent, with its question mark. */
export function queryOf({ url = '' }: IncomingMessage): string {
  const queryAt = url.indexOf('?');
  return queryAt < 0 ? '' : url.slice(queryAt);
}

const owned = z.looseObject({ user_id: z.string() });
const page = z.looseObject({ data: z.array(owned) });

/** Says whose each transaction is. What is no list of them and no transaction goes on as it came. */
export async function withEmails(read: Sql, answer: HttpResponse): Promise<HttpResponse> {
  if (answer.status !== 200) return answer;
  const body: unknown = JSON.parse(answer.body);
  const list = page.safeParse(body);
  const one = owned.safeParse(body);
  const rows = list.success ? list.data.data : one.success ? [one.data] : [];
  const emails = await emailsOf(
    read,
    rows.map(({ user_id }) => user_id).filter((id) => z.uuid().safeParse(id).success),
  );
  const named = (row: z.output<typeof owned>) => ({ user_email: emails.get(row.user_id) ?? null, ...row });
  if (list.success) return { ...answer, body: JSON.stringify({ ...list.data, data: list.data.data.map(named) }) };
  return one.success ? { ...answer, body: JSON.stringify(named(one.data)) } : answer;
}
