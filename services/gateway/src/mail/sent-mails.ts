import type { Sql } from '#libs/db';
import { currentTraceId } from '#libs/runtime';

/** Which events' mails were sent: rows of the inbox, written after the mail, because a mail that is sent twice is better than none. */
export type SentMails = {
  has(eventId: string): Promise<boolean>;
  add(eventId: string): Promise<void>;
};

export const sentMails = (sql: Sql): SentMails => ({
  has: async (eventId) =>
    (await sql.rows(`SELECT 1 FROM inbox WHERE consumer = 'gateway' AND message_id = $1`, [eventId])).length > 0,
  add: async (eventId) => {
    await sql.run(
      `INSERT INTO inbox (consumer, message_id, trace_id) VALUES ('gateway', $1, $2) ON CONFLICT DO NOTHING`,
      [eventId, currentTraceId()],
    );
  },
});
