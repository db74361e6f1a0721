import { appendFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import nodemailer from 'nodemailer';
import type { Logger } from '#libs/runtime';
import type { Mail } from './compose-mail.ts';

type AddressedMail = Mail & {
  to: string;
  /** The event's id: a mail that is sent again, after an answer that was lost, is the same one to whoever receives it. */
  messageId: string;
};

export type MailTransport = {
  /** Resolves when somebody else answers for the mail. Throws MailNotSent. */
  send(mail: AddressedMail): Promise<void>;
  close(): void;
};

/** With a code alone: servers repeat the address in their answers, and nothing personal belongs into logs. */
class MailNotSent extends Error {
  override readonly name = 'MailNotSent';
}

/** Of each step of the dialogue. A consumer's slot is taken meanwhile, and nothing else waits for it. */
const smtpTimeoutMs = 10_000;
/** Mails are few; servers limit the connections of one client. */
const smtpConnectionsMax = 2;

/** `smtp:` or `smtps:` sends, `file:` appends a JSON line per mail, and without a URL the log says that there was one, not to whom. */
export function mailTransport(
  url: string | undefined,
  { from, logger }: { from: string; logger: Logger },
): MailTransport {
  if (url === undefined) return consoleSink(logger);
  return url.startsWith('file:') ? fileSink(fileURLToPath(url)) : smtp(url, from);
}

function smtp(url: string, from: string): MailTransport {
  const timeouts = { connectionTimeout: smtpTimeoutMs, greetingTimeout: smtpTimeoutMs, socketTimeout: smtpTimeoutMs };
  const pool = nodemailer.createTransport({ url, pool: true, maxConnections: smtpConnectionsMax, ...timeouts });
  return {
    send: async ({ messageId, ...mail }) => {
      try {
        await pool.sendMail({ ...mail, from, messageId: `<${messageId}@piggybank>` });
      } catch (error) {
        const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
        throw new MailNotSent(
          `the mail server did not take the mail: ${String(code)} ${String(responseCode ?? '')}`.trim(),
        );
      }
    },
    close: () => pool.close(),
  };
}

const fileSink = (path: string): MailTransport => ({
  send: (mail) => appendFile(path, `${JSON.stringify(mail)}\n`, { mode: 0o600 }),
  close: () => undefined,
});

const consoleSink = (logger: Logger): MailTransport => ({
  send: async ({ subject, messageId }) =>
    logger.info({ subject, message_id: messageId }, 'a mail, which MAIL_URL would send'),
  close: () => undefined,
});
