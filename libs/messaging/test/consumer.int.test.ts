import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { ContractError, envelope } from '#libs/contracts';
import { connectDatabase } from '#libs/db';
import { type Broker, connectBroker, DependencyDown, type Received, startCollector } from '#libs/messaging';
import { createLogger, Overloaded } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, poll, tcpProxy } from '#libs/testing';
import { publisherOn } from '../publisher.ts';
import { openPostOffice, type PostOffice, voidRequest } from './post-office.ts';

let office: PostOffice;
let broker: Broker;
let raw: ChannelModel;
let channel: Channel;
beforeEach(async () => {
  office = await openPostOffice();
  broker = await office.broker();
  raw = await amqplib.connect(inject('amqpUrl'));
  channel = await raw.createChannel();
});
afterEach(async () => {
  await raw.close();
  await office.close();
});

const type = 'payments.void-requested.v1';
const message = (id = randomUUID()) => envelope('payments', type, voidRequest(), { id, time: new Date() });
const deliver = (body: unknown, routingKey: string = type) =>
  channel.publish(
    broker.names.exchange,
    routingKey,
    Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  );

/** Takes one message out of the wallet's DLQ, once it has come. */
const dead = () => poll(async () => (await channel.get(broker.names.dead('wallet'), { noAck: true })) || undefined);
const ready = () => poll(() => office.metric('amqp_connected'));
/** The queues are there when a consumer is. */
async function consuming(options: Parameters<PostOffice['consumer']>[1] = {}, over = broker) {
  const consumer = office.consumer(over, options);
  await ready();
  await poll(async () => {
    const probe = await raw.createChannel();
    probe.on('error', () => {});
    const { consumerCount } = await probe.checkQueue(broker.names.queue('wallet'));
    await probe.close();
    return consumerCount > 0;
  });
  return consumer;
}

test('F5: the same message again does nothing', async () => {
  await consuming();
  const again = message();
  for (let n = 0; n < 5; n++) deliver(again);
  const last = message();
  deliver(last);
  await poll(async () => (await office.effects()).includes(last.id));
  await poll(async () => (await office.metric('messages_processed_total', 'outcome="duplicate"')) === 4);
  expect(await office.metric('messages_processed_total', 'outcome="processed"')).toBe(2);
  expect(await office.metric('message_lag_seconds_count')).toBe(2);
  expect(await office.effects()).toEqual([again.id, last.id].toSorted());
});

test('F5: a failing message is tried four times with waits between, then goes to the DLQ with its story', async () => {
  const attempts: number[] = [];
  await consuming({
    handlers: {
      [type]: async (event: Received) => {
        attempts.push(event.attempt);
        throw Object.assign(new Error('never that way'), { code: 'E_TEST' });
      },
    },
  });
  const failing = message();
  deliver(failing);
  const buried = await dead();
  expect(attempts).toEqual([1, 2, 3, 4]);
  expect(buried.properties.headers).toMatchObject({ 'x-attempt': 4, 'x-reason': 'Error E_TEST' });
  expect(JSON.parse(buried.content.toString())).toEqual(failing);
  expect(await office.metric('messages_processed_total', `outcome="delayed"`)).toBe(3);
  expect(await office.metric('messages_processed_total', `outcome="dead"`)).toBe(1);
});

test('a message that succeeds at its second try has one effect', async () => {
  await consuming({
    handlers: {
      [type]: async (event: Received) => {
        await office.apply(event);
        if (event.attempt === 1) throw new Error('after its transaction');
      },
    },
  });
  const slow = message();
  deliver(slow);
  await poll(async () => (await office.metric('messages_processed_total', `outcome="duplicate"`)) === 1);
  expect(await office.effects()).toEqual([slow.id]);
});

test.each([
  ['no JSON', '{"half": '],
  ['not UTF-8', Buffer.from([0xff, 0xfe]).toString('latin1')],
  ['no envelope', { hello: 'world' }],
  ['an unknown type', { ...message(), type: 'payments.invented.v1' }],
  ['data that break the schema', { ...message(), data: { ...voidRequest(), amount_minor: 15_000 } }],
  [
    'an event of somebody else’s',
    envelope('wallet', 'reconciler.case-opened.v1' as never, caseOpened() as never, made()),
  ],
])('F5: %s goes to the DLQ at once, while the others flow', async (_, body) => {
  await consuming({ delaysMs: [60_000, 60_000, 60_000] });
  const sound = message();
  deliver(body);
  deliver(sound);
  const buried = await dead();
  expect(buried.properties.headers?.['x-attempt']).toBe(1);
  expect(buried.properties.headers?.['x-reason']).toEqual(expect.any(String));
  await poll(async () => (await office.effects()).length === 1);
  expect(await office.effects()).toEqual([sound.id]);
});

test('a contract error of a handler is as final', async () => {
  await consuming({
    handlers: {
      [type]: async () => {
        throw new ContractError('another payout than the one it names');
      },
    },
  });
  deliver(message());
  expect((await dead()).properties.headers).toMatchObject({
    'x-attempt': 1,
    'x-reason': 'another payout than the one it names',
  });
});

test.each([
  ['a dependency is down', () => new DependencyDown('payments is not there')],
  ['too many wait for the same wallet', () => new Overloaded('too many calls wait for the same key')],
])('F2: while %s a message waits, and no attempt is counted', async (_why, failure) => {
  let down = true;
  const attempts: number[] = [];
  await consuming({
    handlers: {
      [type]: async (event: Received) => {
        attempts.push(event.attempt);
        if (down) throw failure();
        await office.apply(event);
      },
    },
  });
  deliver(message());
  await poll(() => attempts.length >= 3);
  down = false;
  await poll(async () => (await office.effects()).length === 1);
  expect(new Set(attempts)).toEqual(new Set([1]));
  expect(await office.metric('messages_processed_total', `outcome="delayed"`)).toBe(0);
});

test('W8: what waits too long for a dependency waits in a delay queue, its tries uncounted, and is handled once it is back', async () => {
  let isDown = true;
  const attempts: number[] = [];
  const handler = (event: Received) => {
    attempts.push(event.attempt);
    if (isDown) throw new DependencyDown('for hours');
    return office.apply(event);
  };
  await consuming({ handlers: { [type]: handler }, patienceMs: 0 });
  const waiting = message();
  deliver(waiting);
  await poll(async () => ((await office.metric('messages_processed_total', 'outcome="delayed"')) ?? 0) > 5);
  isDown = false;
  await poll(async () => (await office.effects()).includes(waiting.id));
  expect(new Set(attempts)).toEqual(new Set([1]));
  expect(await office.metric('messages_processed_total', 'outcome="dead"')).toBe(0);
});

const stopped = () => Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });

test('W8: a message whose statement always runs out of time while others are handled is dead after its tries', async () => {
  const slow = message();
  const attempts: number[] = [];
  const handler = async (event: Received) => {
    if (event.id !== slow.id) return office.apply(event);
    attempts.push(event.attempt);
    throw stopped();
  };
  await consuming({ handlers: { [type]: handler }, patienceMs: 300 });
  deliver(slow);
  const died = await poll(async () => {
    deliver(message());
    return (await channel.get(broker.names.dead('wallet'), { noAck: true })) || undefined;
  });
  expect(JSON.parse(died.content.toString()).id).toBe(slow.id);
  expect(died.properties.headers?.['x-reason']).toContain('57014');
  expect(new Set(attempts)).toEqual(new Set([1, 2, 3, 4]));
});

test('F6: a database that is too slow for all dead-letters nothing, however long', async () => {
  let isSlow = true;
  const attempts: number[] = [];
  const handler = (event: Received) => {
    attempts.push(event.attempt);
    if (isSlow) throw stopped();
    return office.apply(event);
  };
  await consuming({ handlers: { [type]: handler }, patienceMs: 0 });
  const sent = [message(), message(), message()];
  for (const one of sent) deliver(one);
  await poll(async () => ((await office.metric('messages_processed_total', 'outcome="delayed"')) ?? 0) > 15);
  isSlow = false;
  await poll(async () => (await office.effects()).length === sent.length);
  expect(new Set(attempts)).toEqual(new Set([1]));
  expect(await office.metric('messages_processed_total', 'outcome="dead"')).toBe(0);
});

test('F2: while the database is down messages wait, and are handled when it is back', async () => {
  const proxy = await tcpProxy(office.fresh.ownerUrl);
  const logger = createLogger({ name: 'test', level: 'silent' });
  const far = await connectDatabase({ url: proxy.url, entities: [], poolMax: 4, applicationName: 'far', logger });
  let tries = 0;
  await consuming({
    handlers: {
      [type]: async (event: Received) => {
        tries += 1;
        await far.ping();
        await office.apply(event);
      },
    },
  });
  await proxy.down();
  const sent = [message(), message(), message()];
  for (const one of sent) deliver(one);
  await poll(() => tries >= 6);
  expect(await office.effects()).toEqual([]);
  await proxy.up();
  await poll(async () => (await office.effects()).length === 3);
  expect(await office.metric('messages_processed_total', `outcome="delayed"`)).toBe(0);
  await far.close();
  await proxy.close();
});

test('O4: a stop finishes what is in hand, gives the rest back, and loses nothing', async () => {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let inHand = 0;
  const first = await consuming({
    prefetch: 10,
    handlers: {
      [type]: async (event: Received) => {
        inHand += 1;
        await finished;
        await office.apply(event);
      },
    },
  });
  const sent = Array.from({ length: 60 }, () => message());
  for (const one of sent) deliver(one);
  await poll(() => inHand === 10);
  const stopped = first.stop();
  finish();
  await stopped;
  expect(inHand).toBe(10);
  expect(await office.effects()).toHaveLength(10);

  let delivered = 0;
  await consuming({
    handlers: {
      [type]: async (event: Received) => {
        delivered += 1;
        await office.apply(event);
      },
    },
  });
  await poll(async () => (await office.effects()).length >= sent.length);
  expect(await office.effects()).toEqual(sent.map(({ id }) => id).toSorted());
  // The ten were acknowledged before their channel was closed: they do not come again.
  expect(delivered).toBe(50);
});

test('O4: a stop does not wait for a dependency that is down', async () => {
  let tries = 0;
  const consumer = await consuming({
    drainMs: 60_000,
    handlers: {
      [type]: async () => {
        tries += 1;
        throw new DependencyDown('for good');
      },
    },
  });
  const waiting = message();
  deliver(waiting);
  await poll(() => tries >= 1);
  await consumer.stop();
  await consuming();
  await poll(async () => (await office.effects()).includes(waiting.id));
});

test('F4: a message is acknowledged once its handler has ended: lost before that, it comes again', async () => {
  const proxy = await tcpProxy(inject('amqpUrl'));
  const inHand: (() => void)[] = [];
  const handler = async (event: Received) => {
    if (inHand.length === 0) await new Promise<void>((resolve) => inHand.push(resolve));
    await office.apply(event);
  };
  const far = await office.broker(proxy.url);
  await consuming({ handlers: { [type]: handler } }, far);
  const sent = message();
  deliver(sent);
  await poll(() => inHand.length === 1);
  // An answer over the same connection: whatever was acknowledged by now has come to the broker.
  const probe = far.keepChannel({ name: 'probe', open: async (opened) => opened });
  await poll(() => probe.session());
  proxy.cut();
  await poll(async () => expect(await office.effects()).toEqual([sent.id]) ?? true, { timeoutMs: 30_000 });
  for (const finish of inHand) finish();
  await probe.stop();
  await proxy.close();
}, 60_000);

test('F5: connections cut again and again: each message has one effect', async () => {
  const proxy = await tcpProxy(inject('amqpUrl'));
  const far = await office.broker(proxy.url);
  let handled = 0;
  office.consumer(far, {
    handlers: {
      [type]: async (event: Received) => {
        await office.apply(event);
        handled += 1;
        if (handled % 10 === 0) proxy.cut();
      },
    },
  });
  office.relay(far);
  const sent = await office.send(60);
  await poll(async () => (await office.effects()).length >= 60 && (await office.pending()) === 0, {
    timeoutMs: 60_000,
  });
  expect(await office.effects()).toEqual(sent.toSorted());
  expect(handled).toBeGreaterThan(60);
  await proxy.close();
}, 90_000);

/** Takes what there is and dies of it, as a process that is killed does. */
async function takeAndDie(queue: string): Promise<void> {
  const dying = await raw.createChannel();
  await dying.get(queue);
  await dying.close();
}
const waiting = async (queue: string) => (await channel.checkQueue(queue)).messageCount;

test('F4: a dead message is not lost by those who take it and die, however many', async () => {
  await consuming();
  const queue = broker.names.dead('wallet');
  channel.sendToQueue(queue, Buffer.from('once was a message'));
  await poll(async () => (await waiting(queue)) === 1);
  for (let n = 0; n < 25; n++) {
    await takeAndDie(queue);
    await poll(async () => (await waiting(queue)) === 1);
  }
});

test('O2: a dead letter queue of an earlier release, with another limit, is used as it is', async () => {
  const prefix = amqpPrefix();
  const dead = (service: string) => `${prefix}${service}.dead`;
  for (const service of ['wallet', 'payments']) {
    const declared = { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 };
    await channel.assertQueue(dead(service), { durable: true, arguments: declared });
    channel.sendToQueue(dead(service), Buffer.from('from before'));
  }
  const [logger, metrics] = [createLogger({ name: 'test', level: 'silent' }), createMetrics('test')];
  const upgraded = await connectBroker({ url: inject('amqpUrl'), prefix, logger, metrics });
  const consumer = office.consumer(upgraded);
  const sent = message();
  await poll(async () => {
    const probe = await raw.createChannel();
    probe.on('error', () => {});
    const { consumerCount } = await probe.checkQueue(upgraded.names.queue('wallet'));
    return consumerCount > 0;
  });
  channel.publish(upgraded.names.exchange, type, Buffer.from(JSON.stringify(sent)));
  await poll(async () => (await office.effects()).includes(sent.id));
  expect(await waiting(dead('wallet'))).toBe(1);
  await consumer.stop();
  await upgraded.close();
});

test('F4: a dead letter queue of an earlier release that somebody emptied and deleted is declared again, as this release has it', async () => {
  const prefix = amqpPrefix();
  const queue = `${prefix}wallet.dead`;
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 },
  });
  const [logger, metrics] = [createLogger({ name: 'test', level: 'silent' }), createMetrics('test')];
  const upgraded = await connectBroker({ url: inject('amqpUrl'), prefix, logger, metrics });
  const collected: string[] = [];
  const collector = startCollector({
    broker: upgraded,
    collect: async ({ content }) => void collected.push(content.toString()),
    logger,
  });
  await poll(() => collector.collecting());
  await channel.deleteQueue(queue);
  await poll(async () => {
    channel.sendToQueue(queue, Buffer.from('died after that'));
    return collected.length > 0;
  });
  await collector.stop();
  await upgraded.close();
});

test('W8 F4: one message to two queues at once, of which one is missing: it is known which of them has it', async () => {
  const [there, missing] = [`${amqpPrefix()}there`, `${amqpPrefix()}missing`];
  await channel.assertQueue(there, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const confirms = await raw.createConfirmChannel();
  const publish = publisherOn(confirms);
  const to = (routingKey: string, messageId: string) =>
    publish({ exchange: '', routingKey, content: Buffer.from('again'), messageId });
  const wrong: boolean[] = [];
  // Many times, with pauses of chance: their confirms must come together.
  for (let n = 0; n < 150; n++) {
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const first = ids.map((id) => to(there, id));
    await sleep(Math.random() * 40);
    const second = ids.map((id) => to(missing, id));
    const known = await Promise.all([...first, ...second]);
    wrong.push(...known.filter((each, at) => each !== at < 50));
  }
  expect(wrong).toEqual([]);
  await channel.deleteQueue(there);
});

test('a queue that somebody deleted is declared again, and consumed', async () => {
  await consuming();
  await channel.deleteQueue(broker.names.queue('wallet'));
  const after = message();
  await poll(async () => {
    deliver(after);
    return (await office.effects()).length === 1;
  });
});

function caseOpened() {
  return { case_id: randomUUID(), cause: 'test', transaction_id: null, object_id: null };
}
function made() {
  return { id: randomUUID(), time: new Date() };
}
