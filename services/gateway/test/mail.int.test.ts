import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfirmChannel } from 'amqplib';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type EventData, type EventType, envelope } from '#libs/contracts';
import { type Broker, connectBroker } from '#libs/messaging';
import { createLogger, newId, newUuid } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, poll } from '#libs/testing';
import { mailTransport } from '../src/mail/mail-transport.ts';
import { startSmtpServer } from './smtp-server.ts';
import { type GatewayStack, startGateway } from './stack.ts';

const prefix = amqpPrefix();
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let gateway: GatewayStack;
let broker: Broker;
let channel: ReturnType<typeof broker.keepChannel<ConfirmChannel>>;

beforeAll(async () => {
  smtp = await startSmtpServer();
  const amqp = { AMQP_URL: inject('amqpUrl'), AMQP_PREFIX: prefix };
  gateway = await startGateway({ ...amqp, MESSAGE_DELAYS_MS: '20,20,20', MAIL_URL: smtp.url });
  const [logger, metrics] = [createLogger({ name: 'test', level: 'silent' }), createMetrics('test')];
  broker = await connectBroker({ url: inject('amqpUrl'), prefix, logger, metrics });
  channel = broker.keepChannel({ name: 'test', open: async (opened) => opened });
  await poll(() => channel.session());
});
afterAll(async () => {
  await gateway?.close();
  await channel?.stop();
  await broker?.close();
  await smtp?.stop();
});
beforeEach(() => {
  smtp.mails.length = 0;
  Object.assign(smtp, { refuse: false, refused: 0 });
});

function tell<T extends EventType>(type: T, data: EventData<T>, id = newUuid()): string {
  const content = Buffer.from(JSON.stringify(envelope('payments', type, data, { id, time: new Date() })));
  channel.session()?.publish(broker.names.exchange, type, content, { messageId: id });
  return id;
}

const registered = async (): Promise<{ email: string; userId: string }> => {
  const email = `${newUuid()}@example.test`;
  const body = { email, password: 'Abcdefg1' };
  return { email, userId: String((await gateway.call('POST', '/api/v1/auth/register', { body })).json['id']) };
};
const completed = (userId: string) => {
  const money = { currency: 'ZAR', amount_minor: '15000' } as const;
  return { transaction_id: newId('dep'), user_id: userId, ...money, kind: 'deposit' as const };
};
const dead = async () => (await channel.session()?.checkQueue(`${prefix}gateway.dead`))?.messageCount;

test('N1: the user gets a mail on completion and one on failure', async () => {
  const { email, userId } = await registered();
  const deposit = completed(userId);
  const id = tell('payments.transaction-completed.v1', deposit);
  await poll(() => smtp.mails.length === 1);
  expect(smtp.mails[0]).toMatchObject({ to: email, text: expect.stringContaining('150.00 ZAR is in your wallet') });
  expect(smtp.mails[0]?.text).toContain(`Message-ID: <${id}@piggybank>`);

  const failed = {
    transaction_id: newId('wd'),
    kind: 'withdrawal',
    status: 'failed',
    reason: 'payout_failed',
  } as const;
  tell('payments.transaction-failed.v1', { ...deposit, ...failed });
  await poll(() => smtp.mails.length === 2);
  expect(smtp.mails[1]?.text).toContain('The money has not left your wallet');
});

test('N1 F7: a message that comes twice is one mail; of a user whom nobody knows, none', async () => {
  const { userId } = await registered();
  const deposit = completed(userId);
  const id = tell('payments.transaction-completed.v1', deposit);
  await poll(() => smtp.mails.length === 1);
  tell('payments.transaction-completed.v1', deposit, id);
  tell('payments.transaction-completed.v1', completed(newUuid()));
  tell('payments.transaction-completed.v1', completed(userId));
  await poll(() => smtp.mails.length >= 2);
  await poll(async () => (await channel.session()?.checkQueue(`${prefix}gateway`))?.messageCount === 0);
  expect(smtp.mails).toHaveLength(2);
});

test('N1 W8: a mail that the server refuses is tried four times and goes to the DLQ; others flow meanwhile', async () => {
  const { userId } = await registered();
  smtp.refuse = true;
  tell('payments.transaction-completed.v1', completed(userId));
  await poll(async () => (await dead()) === 1);
  expect(smtp.refused).toBe(4);
  smtp.refuse = false;
  tell('payments.transaction-completed.v1', completed(userId));
  await poll(() => smtp.mails.length === 1);
});

test('A8: what is told of a mail that was not sent names nobody', async () => {
  smtp.refuse = true;
  const logger = createLogger({ name: 'test', level: 'silent' });
  const transport = mailTransport(smtp.url, { from: 'a@example.test', logger });
  const mail = { to: 'thandi@example.test', subject: 'x', text: 'y', messageId: newUuid() };
  const error = await transport.send(mail).catch((thrown: unknown) => thrown);
  transport.close();
  expect(error).toMatchObject({ name: 'MailNotSent', message: expect.stringContaining('550') });
  expect([String(error), JSON.stringify(error), (error as Error).cause]).not.toContain('thandi');
  expect((error as Error).stack).not.toContain('thandi');
});

test('N1: without a mail server mails go to a file that only we can read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mails-'));
  const path = join(folder, 'mails.jsonl');
  const logger = createLogger({ name: 'test', level: 'silent' });
  const mail = { to: 'thandi@example.test', subject: 'x', text: 'y', messageId: newUuid() };
  const transport = mailTransport(pathToFileURL(path).href, { from: 'a@example.test', logger });
  await transport.send(mail);
  await transport.send(mail);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([mail, mail]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await rm(folder, { recursive: true });
});
