import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { type Rabbit, rabbitmqRoot, startRabbit } from '../../../deploy/local/rabbitmq.ts';
import { openPostOffice, type PostOffice } from './post-office.ts';

/** RabbitMQ 3.10 writes a new quorum queue's name to disk up to a second later: killed before that, it forgets the whole queue. */
const QUEUES_ON_DISK_MS = 1_500;
/** A broker needs 3–10 s to come back, and a machine that runs other tests beside it twice that. */
const RESTART_TIMEOUT_MS = 60_000;
/** Enough to be under way while the broker dies and comes back, few enough to be handled in a second afterwards. */
const LOAD_MAX = 600;

// A broker of its own: it is killed.
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-broker-'));
const root = rabbitmqRoot(path.resolve('.'));
let rabbit: Rabbit;
let office: PostOffice;

beforeAll(async () => {
  rabbit = await startRabbit({ dir, root });
});
afterAll(async () => {
  await rabbit?.stop('KILL');
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
});
beforeEach(async () => {
  office = await openPostOffice();
});
afterEach(() => office.close());

const restart = async () => {
  rabbit = await startRabbit({ dir, root, ports: rabbit.ports });
};

test('F5: RabbitMQ killed under load: everything that was enqueued before, meanwhile and after has one effect', async () => {
  const broker = await office.broker(rabbit.url);
  office.consumer(broker);
  const relay = office.relay(broker);
  const sent = await office.send(5);
  await poll(async () => (await office.effects()).length === 5);
  await sleep(QUEUES_ON_DISK_MS);

  let stop = false;
  const load = (async () => {
    while (!stop && sent.length < LOAD_MAX) {
      sent.push(...(await office.send(1)));
      relay.wake();
    }
  })();
  await poll(async () => (await office.effects()).length > 50);
  await rabbit.stop('KILL');
  await poll(() => !broker.available());
  await restart();
  await poll(() => broker.available(), { timeoutMs: RESTART_TIMEOUT_MS });
  stop = true;
  await load;
  sent.push(...(await office.send(5)));

  await poll(async () => (await office.pending()) === 0, { timeoutMs: RESTART_TIMEOUT_MS });
  await poll(async () => (await office.effects()).length >= sent.length, { timeoutMs: RESTART_TIMEOUT_MS });
  expect(await office.effects()).toEqual(sent.toSorted());
}, 120_000);

test('F2: a service that starts without a broker works on, and sends when it comes', async () => {
  await rabbit.stop('KILL');
  const broker = await office.broker(rabbit.url);
  expect(broker.available()).toBe(false);
  office.consumer(broker);
  office.relay(broker);
  const sent = await office.send(3);
  expect(await office.metric('amqp_connected')).toBe(0);
  expect(await office.metric('outbox_pending')).toBe(3);

  await restart();
  await poll(async () => (await office.effects()).length === 3, { timeoutMs: RESTART_TIMEOUT_MS });
  expect(await office.effects()).toEqual(sent.toSorted());
  expect(await office.metric('amqp_connected')).toBe(1);
}, 120_000);
