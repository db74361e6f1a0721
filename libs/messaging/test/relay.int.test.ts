import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import amqplib from 'amqplib';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import type { Database } from '#libs/db';
import { postgresMessages, type Received } from '#libs/messaging';
import { continueTrace, currentContext, runInContext } from '#libs/runtime';
import { poll, tcpProxy } from '#libs/testing';
import { openPostOffice, type PostOffice, voidRequest } from './post-office.ts';

/** The beginning of the method frame `basic.ack` (class 60, method 80), which from a server is a publisher's confirm. */
const CONFIRM = Buffer.from([0, 60, 0, 80]);

let office: PostOffice;
beforeEach(async () => {
  office = await openPostOffice();
});
afterEach(() => office.close());

const messages = (sql: Parameters<typeof postgresMessages>[0]) =>
  postgresMessages(sql, { source: 'payments', newUuid: randomUUID, now: () => new Date() });

test('F5: a message leaves with its transaction, or not at all', async () => {
  const broker = await office.broker();
  office.relay(broker);
  office.consumer(broker);
  const failed = office.db.transact(async (sql) => {
    await messages(sql).enqueue('payments.void-requested.v1', voidRequest());
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  const sent = await office.send(20);
  await poll(async () => (await office.effects()).length >= 20);
  expect(await office.effects()).toEqual(sent.toSorted());
  await poll(async () => (await office.pending()) === 0);
  expect(await office.metric('outbox_published_total')).toBe(20);
});

test('F5: a relay that dies between publishing and marking sends again, and the inbox drops the second', async () => {
  const broker = await office.broker();
  const deliveries: string[] = [];
  office.consumer(broker, { handlers: { 'payments.void-requested.v1': recorded(deliveries) } });
  const sent = await office.send(5);
  let dead = false;
  const dying: Database['transact'] = (work, options) =>
    office.db.transact(async (sql) => {
      const result = await work(sql);
      if (dead) return result;
      dead = true;
      throw new Error('died before COMMIT');
    }, options);
  office.relay(broker, { db: { ...office.db, transact: dying } });
  await poll(() => deliveries.length >= 10);
  await poll(async () => (await office.pending()) === 0);
  expect(deliveries.toSorted()).toEqual([...sent, ...sent].toSorted());
  await poll(async () => (await office.effects()).length >= 5);
  expect(await office.effects()).toEqual(sent.toSorted());
});

test('two relays share the outbox without sending anything twice', async () => {
  const [one, two] = [await office.broker(), await office.broker()];
  const deliveries: string[] = [];
  office.consumer(one, { handlers: { 'payments.void-requested.v1': recorded(deliveries) } });
  const sent = await office.send(300);
  office.relay(one, { batchMax: 10 });
  office.relay(two, { batchMax: 10 });
  await poll(async () => (await office.pending()) === 0 && (await office.effects()).length >= 300);
  expect(deliveries.toSorted()).toEqual(sent.toSorted());
});

test('a backlog goes out two batches at a time, the second while the first waits for its confirms', async () => {
  const broker = await office.broker();
  const deliveries: string[] = [];
  office.consumer(broker, { handlers: { 'payments.void-requested.v1': recorded(deliveries) } });
  const sent = await office.send(60);
  let [underWay, most] = [0, 0];
  const counted: Database['transact'] = async (work, options) => {
    most = Math.max(most, ++underWay);
    return office.db.transact(work, options).finally(() => underWay--);
  };
  office.relay(broker, { batchMax: 5, db: { ...office.db, transact: counted } });
  await poll(async () => (await office.pending()) === 0 && (await office.effects()).length >= 60);
  expect(most).toBe(2);
  expect(deliveries.toSorted()).toEqual(sent.toSorted());
});

test('a batch goes to the broker in one write, however many messages it has', async () => {
  const broker = await office.broker();
  await office.send(150);
  const written: number[] = [];
  const { _write: writeOne, _writev: writeMany } = Socket.prototype;
  const one = vi.spyOn(Socket.prototype, '_write').mockImplementation(function (this: Socket, chunk, ...rest) {
    if (String(chunk).includes('"correlationid"')) written.push(1);
    writeOne.call(this, chunk, ...rest);
  });
  const many = vi.spyOn(Socket.prototype, '_writev').mockImplementation(function (this: Socket, chunks, ...rest) {
    const messages = chunks.filter(({ chunk }) => String(chunk).includes('"correlationid"'));
    if (messages.length > 0) written.push(messages.length);
    writeMany?.call(this, chunks, ...rest);
  });
  office.relay(broker);
  await poll(async () => (await office.pending()) === 0);
  one.mockRestore();
  many.mockRestore();
  expect(written).toEqual([150]);
});

test('F5: a confirm that is lost means sending again, under the same id', async () => {
  const proxy = await tcpProxy(inject('amqpUrl'));
  const [near, far] = [await office.broker(), await office.broker(proxy.url)];
  const deliveries: string[] = [];
  office.consumer(near, { handlers: { 'payments.void-requested.v1': recorded(deliveries) } });
  const relay = office.relay(far);
  await office.send(1);
  await poll(async () => (await office.pending()) === 0);

  const lost = proxy.loseFromServer(CONFIRM);
  const [id] = await office.send(1);
  relay.wake();
  await lost;
  await poll(async () => (await office.pending()) === 0);
  await poll(() => deliveries.filter((delivered) => delivered === id).length === 2);
  expect(await office.effects()).toHaveLength(2);
  await proxy.close();
});

test('F5: what no queue wants stays in the outbox, is counted, does not hold up the rest, and goes out later', async () => {
  const broker = await office.broker();
  office.consumer(broker);
  const relay = office.relay(broker, { batchMax: 2 });
  await office.send(1);
  await poll(async () => (await office.effects()).length === 1);

  const raw = await amqplib.connect(inject('amqpUrl'));
  const channel = await raw.createChannel();
  const { exchange, queue } = broker.names;
  await channel.unbindQueue(queue('wallet'), exchange, 'payments.void-requested.v1');
  await office.send(3);
  relay.wake();
  await poll(async () => (await office.metric('outbox_returned_total')) === 3);
  expect(await office.pending()).toBe(3);
  expect(await office.metric('outbox_pending')).toBe(3);
  expect(await office.metric('outbox_oldest_age_seconds')).toBeGreaterThan(0);

  await channel.bindQueue(queue('wallet'), exchange, 'payments.void-requested.v1');
  await raw.close();
  await office.send(2);
  relay.wake();
  await poll(async () => (await office.effects()).length === 3);
  await office.db.read.run('UPDATE outbox SET retry_at = now()');
  await poll(async () => (await office.effects()).length === 6);
  await poll(async () => (await office.metric('outbox_pending')) === 0);
});

test('an event that nobody listens to leaves the outbox too', async () => {
  office.relay(await office.broker());
  await office.db.transact((sql) =>
    messages(sql).enqueue('reconciler.case-opened.v1', {
      case_id: randomUUID(),
      cause: 'nobody_listens',
      transaction_id: null,
      object_id: null,
    }),
  );
  await poll(async () => (await office.pending()) === 0);
});

test('a message whose transaction was slow is sent although later ids are gone already', async () => {
  const broker = await office.broker();
  office.relay(broker);
  office.consumer(broker);
  await office.db.transact(async (sql) => {
    await messages(sql).enqueue('payments.void-requested.v1', voidRequest());
    await office.send(1);
    await poll(async () => (await office.effects()).length === 1);
  });
  await poll(async () => (await office.effects()).length === 2);
});

test('O1: the handler works in the trace and under the correlation id of the sender', async () => {
  const broker = await office.broker();
  const seen: unknown[] = [];
  office.consumer(broker, {
    handlers: {
      'payments.void-requested.v1': async (event) => {
        seen.push({ ...currentContext(), transaction: event.data.transaction_id });
      },
    },
  });
  office.relay(broker);
  const traceparent = continueTrace(undefined);
  const data = voidRequest();
  await runInContext({ traceparent }, () =>
    office.db.transact((sql) => messages(sql).enqueue('payments.void-requested.v1', data)),
  );
  await poll(() => seen.length === 1);
  expect(seen).toEqual([
    {
      correlationId: data.transaction_id,
      transaction: data.transaction_id,
      traceparent: expect.stringContaining(traceparent.slice(0, 36)),
    },
  ]);
});

/** Writes down every delivery, and then handles it as always. */
const recorded = (deliveries: string[]) => async (event: Received) => {
  deliveries.push(event.id);
  await office.apply(event);
};
