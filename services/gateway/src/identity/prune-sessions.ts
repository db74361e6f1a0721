import type { Sql } from '#libs/db';

/** A table that was left alone for weeks must not be emptied in one transaction. */
const batchMax = 5_000;
/** What has ended is kept this long, so that a token that is reused late is still known for what it is. */
const keptDays = 30;

/** Forgets sessions and refresh tokens that ended long ago, and rate limits that are over. How many rows there were. */
export async function pruneSessions(sql: Sql): Promise<number> {
  const tokens = await sql.run(
    `DELETE FROM refresh_tokens WHERE hash IN (
       SELECT hash FROM refresh_tokens WHERE expires_at < now() - $1 * interval '1 day' LIMIT $2)`,
    [keptDays, batchMax],
  );
  const sessions = await sql.run(
    `DELETE FROM sessions WHERE id IN (
       SELECT id FROM sessions WHERE expires_at < now() - $1 * interval '1 day' LIMIT $2)`,
    [keptDays, batchMax],
  );
  const limits = await sql.run(
    `DELETE FROM rate_limits WHERE key IN (
       SELECT key FROM rate_limits WHERE expire < (extract(epoch FROM now()) - 60) * 1000 LIMIT $1)`,
    [batchMax],
  );
  return tokens + sessions + limits;
}
