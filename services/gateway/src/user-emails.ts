import type { Sql } from '#libs/db';

/** The gateway alone knows which e-mail is whose; other services know ids. */
export async function userIdOf(read: Sql, email: string): Promise<string | undefined> {
  const [user] = await read.rows<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
  return user?.id;
}

/** Of all the users of a page, in one look. */
export async function emailsOf(read: Sql, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await read.rows<{ id: string; email: string }>('SELECT id, email FROM users WHERE id = ANY($1)', [
    [...new Set(userIds)],
  ]);
  return new Map(rows.map(({ id, email }) => [id, email]));
}
