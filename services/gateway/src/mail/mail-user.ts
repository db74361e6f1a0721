import type { Transact } from '#libs/db';
import type { Handlers } from '#libs/messaging';
import type { Logger } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';
import type { UserTx } from '../identity/user-store.ts';
import { composeMail, type Mail } from './compose-mail.ts';
import type { MailTransport } from './mail-transport.ts';
import type { SentMails } from './sent-mails.ts';

export type MailDeps = {
  transact: Transact<UserTx>;
  sent: SentMails;
  transport: Pick<MailTransport, 'send'>;
  logger: Logger;
  metrics: Metrics;
};

type Counted = Omit<MailDeps, 'metrics'> & { count(outcome: 'sent' | 'failed'): void };

/**
 * Tells the user how a transaction ended (N1), best effort: it follows what has happened to the money and nothing follows from it. A
 * mail that could not be sent is tried again like any message, and ends in the dead letter queue. No transaction is open meanwhile.
 */
async function mailUser(deps: Counted, eventId: string, userId: string, mail: Mail): Promise<void> {
  if (await deps.sent.has(eventId)) return;
  const user = await deps.transact((tx) => tx.userById(userId));
  if (user === undefined) return deps.logger.warn('a transaction of a user whom nobody can write to');
  try {
    await deps.transport.send({ ...mail, to: user.email, messageId: eventId });
  } catch (error) {
    deps.count('failed');
    throw error;
  }
  deps.count('sent');
  await deps.sent.add(eventId);
}

export function mailHandlers({ metrics, ...deps }: MailDeps): Handlers {
  const mails = metrics.counter({
    name: 'mails_total',
    help: 'Tries to send a mail to a user, by how they ended; one that failed is tried again like any message',
    labels: ['outcome'],
    zero: [{ outcome: 'sent' }, { outcome: 'failed' }],
  });
  const counted: Counted = { ...deps, count: (outcome) => mails.inc({ outcome }) };
  return {
    'payments.transaction-completed.v1': ({ id, data }) =>
      mailUser(counted, id, data.user_id, composeMail({ ...data, status: 'completed' })),
    'payments.transaction-failed.v1': ({ id, data }) => mailUser(counted, id, data.user_id, composeMail(data)),
  };
}
