import type { Transact } from '#libs/db';
import type { Handlers } from '#libs/messaging';
import type { Logger } from '#libs/runtime';
import type { UserTx } from '../identity/user-store.ts';
import { composeMail, type Mail } from './compose-mail.ts';
import type { MailTransport } from './mail-transport.ts';
import type { SentMails } from './sent-mails.ts';

export type MailDeps = {
  transact: Transact<UserTx>;
  sent: SentMails;
  transport: Pick<MailTransport, 'send'>;
  logger: Logger;
};

/**
 * Tells the user how a transaction ended (N1), best effort: it follows what has happened to the money and nothing follows from it. A
 * mail that could not be sent is tried again like any message, and ends in the dead letter queue. No transaction is open meanwhile.
 */
async function mailUser(deps: MailDeps, eventId: string, userId: string, mail: Mail): Promise<void> {
  if (await deps.sent.has(eventId)) return;
  const user = await deps.transact((tx) => tx.userById(userId));
  if (user === undefined) return deps.logger.warn('a transaction of a user whom nobody can write to');
  await deps.transport.send({ ...mail, to: user.email, messageId: eventId });
  await deps.sent.add(eventId);
}

export const mailHandlers = (deps: MailDeps): Handlers => ({
  'payments.transaction-completed.v1': ({ id, data }) =>
    mailUser(deps, id, data.user_id, composeMail({ ...data, status: 'completed' })),
  'payments.transaction-failed.v1': ({ id, data }) => mailUser(deps, id, data.user_id, composeMail(data)),
});
