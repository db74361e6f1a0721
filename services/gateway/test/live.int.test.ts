import type { ConfirmChannel } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { envelope } from '#libs/contracts';
import { type Broker, connectBroker } from '#libs/messaging';
import { createLogger, newId, newUuid } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { amqpPrefix, poll, type TcpProxy, tcpProxy } from '#libs/testing';
import { type EventReader, readEvents } from './event-reader.ts';
import { type GatewayStack, startGateway } from './stack.ts';

/** Two replicas behind one user, the broker through a network that can be cut, and a payments whose timelines the test writes. */
const prefix = amqpPrefix();
const logger = createLogger({ name: 'test', level: 'silent' });
let proxy: TcpProxy;
let gateway: GatewayStack;
let other: Awaited<ReturnType<GatewayStack['replica']>>;
let broker: Broker;
let channel: ReturnType<typeof broker.keepChannel<ConfirmChannel>>;
let token: string;
/** Looks that nobody woke come too late for any test, so that what arrives was a wake-up, unless there is no broker. */
const settings = {
  LIVE_POLL_MS: '600000',
  LIVE_POLL_UNWOKEN_MS: '200',
  LIVE_HEARTBEAT_MS: '100',
  LIVE_STREAMS_PER_USER: '3',
};

interface Entry {
  id: string;
  status: string;
  reason: string | null;
  at: string;
}
let timelines: Map<string, { data: Entry[]; ended: boolean }>;
let isDown = false;
let lastNumber = 0;
const open: EventReader[] = [];

beforeAll(async () => {
  proxy = await tcpProxy(inject('amqpUrl'));
  gateway = await startGateway({ ...settings, AMQP_URL: proxy.url, AMQP_PREFIX: prefix });
  other = await gateway.replica();
  broker = await connectBroker({ url: inject('amqpUrl'), prefix, logger, metrics: createMetrics('test') });
  channel = broker.keepChannel({ name: 'test', open: async (opened) => opened });
  await poll(() => channel.session());
  token = await gateway.login('user@example.com');
});
afterAll(async () => {
  await gateway?.close();
  await channel?.stop();
  await broker?.close();
  await proxy?.close();
});
beforeEach(() => {
  timelines = new Map();
  isDown = false;
  gateway.payments.answer = (response) => {
    const [, id = '', after = '0'] =
      /^\/transactions\/([^/]+)\/timeline\?after=(\d+)$/.exec(response.req.url ?? '') ?? [];
    const timeline = timelines.get(id);
    if (isDown) return void response.destroy();
    if (timeline === undefined) return void response.status(404).json({ code: 'transaction_not_found' });
    const data = timeline.data.filter((entry) => BigInt(entry.id) > BigInt(after));
    response.json({ data, ended: timeline.ended });
  };
});
afterEach(async () => {
  for (const reader of open.splice(0)) reader.leave();
  await poll(async () => (await streamsOpen()) === 0);
});

const metric = async (name: string, at = gateway.opsUrl) => {
  const text = await (await fetch(`${at}/metrics`)).text();
  return Number(
    new RegExp(`^${name} (\\d+)$`, 'm').exec(text.replaceAll(/,?service="gateway",?/g, '').replaceAll('{}', ''))?.[1],
  );
};
const streamsOpen = async () => (await metric('live_streams_open')) + (await metric('live_streams_open', other.opsUrl));

async function follow(
  id: string,
  { at = gateway.url, after, as = token }: { at?: string; after?: string; as?: string } = {},
) {
  const headers = { authorization: `Bearer ${as}`, ...(after === undefined ? {} : { 'last-event-id': after }) };
  const reader = await readEvents(`${at}/api/v1/transactions/${id}/events`, headers);
  open.push(reader);
  return reader;
}
const begin = (): string => {
  const id = newId('wd');
  timelines.set(id, { data: [], ended: false });
  note(id, 'pending');
  return id;
};
/** As payments commits it. */
function note(id: string, status: string, reason: string | null = null): string {
  const timeline = timelines.get(id);
  lastNumber += 1;
  timeline?.data.push({ id: String(lastNumber), status, reason, at: new Date().toISOString() });
  if (timeline !== undefined) timeline.ended = ['completed', 'failed', 'cancelled', 'expired'].includes(status);
  return String(lastNumber);
}
/** As payments tells it, a little later. */
function tell(id: string): void {
  const event = envelope(
    'payments',
    'payments.void-requested.v1',
    { transaction_id: id, user_id: newUuid(), currency: 'ZAR', amount_minor: '100', reason: 'test' },
    { id: newUuid(), time: new Date() },
  );
  channel
    .session()
    ?.publish(broker.names.exchange, event.type, Buffer.from(JSON.stringify(event)), { messageId: event.id });
}
const happens = (id: string, status: string) => {
  const number = note(id, status);
  tell(id);
  return number;
};
const told = (reader: EventReader) =>
  reader.events.map(({ id, name, data }) => [id, name, data['status'] ?? data['reason']]);
const numbered = (id: string) => timelines.get(id)?.data.map((entry) => [entry.id, 'status', entry.status]) ?? [];
/** Until a wake-up has arrived. */
const listening = (id: string, reader: EventReader) =>
  poll(() => {
    happens(id, 'pending');
    return reader.events.length > 2;
  });

test('T5: what happened comes first, then what happens, to readers of every replica, each entry once, until the end', async () => {
  const id = begin();
  const readers = [await follow(id), await follow(id, { at: other.url })];
  for (const reader of readers) {
    expect([reader.status, reader.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await poll(() => reader.events.length === 1);
    expect(reader.retryMs).toBe(2_000);
  }
  for (const reader of readers) await listening(id, reader);
  const sent = timelines.get(id)?.data.length ?? 0;
  happens(id, 'processing');
  await poll(() => readers.every(({ events }) => events.length === sent + 1));
  tell(id); // told again: nothing new
  happens(id, 'completed');
  await poll(() => readers.every(({ closed }) => closed));
  for (const reader of readers) expect(told(reader)).toEqual([...numbered(id), [undefined, 'end', 'ended']]);
  expect(readers[0]?.events[0]?.data).toEqual({
    ...{ transaction_id: id, status: 'pending', reason: null },
    at: timelines.get(id)?.data[0]?.at,
  });
});

test('T5: a reader who comes back with its last number, to another replica, gets what it missed and nothing twice', async () => {
  const id = begin();
  const first = await follow(id);
  await poll(() => first.events.length === 1);
  const last = first.events[0]?.id ?? '';
  first.leave();
  const missed = [note(id, 'processing'), note(id, 'failed', 'provider_failed')];
  const back = await follow(id, { at: other.url, after: last });
  await poll(() => back.closed);
  expect(back.events.map(({ id: number }) => number)).toEqual([...missed, undefined]);
  expect(back.events[1]?.data).toMatchObject({ status: 'failed', reason: 'provider_failed' });
  const again = await follow(id, { after: missed[1] ?? '' });
  expect(again.status, 'an EventSource stays away').toBe(204);
});

test('T5 F5: without a broker it is read now and then; when the broker is back, wake-ups count again', async () => {
  const id = begin();
  const reader = await follow(id);
  await listening(id, reader);
  await proxy.down();
  const before = timelines.get(id)?.data.length ?? 0;
  note(id, 'processing');
  await poll(() => reader.events.length === before + 1);
  const late = begin();
  const another = await follow(late);
  note(late, 'processing');
  await poll(() => another.events.length === 2);

  await proxy.up();
  await poll(async () => (await metric('amqp_connected')) === 1, { timeoutMs: 30_000 });
  await listening(id, reader);
  happens(id, 'completed');
  await poll(() => reader.closed);
  expect(told(reader)).toEqual([...numbered(id), [undefined, 'end', 'ended']]);
}, 60_000);

test('T5: payments cannot be asked for a while → the stream stays, beats, and goes on; a new one is 503', async () => {
  const id = begin();
  const reader = await follow(id);
  await poll(() => reader.events.length === 1);
  isDown = true;
  happens(id, 'processing');
  const beats = reader.comments;
  await poll(() => reader.comments > beats + 1);
  expect((await follow(id)).status).toBe(503);
  isDown = false;
  await poll(() => {
    tell(id);
    return reader.events.length === 2;
  });
  expect(reader.closed).toBe(false);
});

test('T5: it ends with the token that opened it', async () => {
  const shortLived = await gateway.replica({ ACCESS_TOKEN_TTL_S: '1' });
  const { json } = await shortLived.call('POST', '/api/v1/auth/login', {
    body: { email: 'user@example.com', password: 'Abcdefg1' },
  });
  const id = begin();
  const reader = await follow(id, { at: shortLived.url, as: String(json['access_token']) });
  await poll(() => reader.closed);
  expect(told(reader)).toEqual([...numbered(id), [undefined, 'end', 'token_expired']]);
  await poll(async () => (await metric('live_streams_open', shortLived.opsUrl)) === 0);
});

test('T5: so many for each user and no more; who leaves makes room', async () => {
  const id = begin();
  const readers = [await follow(id), await follow(id), await follow(id)];
  const refused = await follow(id);
  await poll(() => refused.closed);
  expect([refused.status, JSON.parse(refused.body)]).toMatchObject([429, { code: 'too_many_streams' }]);
  expect(refused.headers['retry-after']).toBeDefined();
  expect((await follow(id, { at: other.url })).status, 'of each replica').toBe(200);
  const another = await gateway.login('another@example.com');
  expect((await follow(id, { as: another })).status, 'of each user').toBe(200);
  readers[0]?.leave();
  await poll(async () => (await follow(id)).status === 200);
});

test('T5: readers who leave before their stream has begun take no places', async () => {
  const id = begin();
  const { answer } = gateway.payments;
  for (let n = 0; n < 3; n++) {
    const leave = new AbortController();
    const asked = new Promise<Parameters<typeof answer>[0]>((arrived) => {
      gateway.payments.answer = arrived;
    });
    const left = fetch(`${gateway.url}/api/v1/transactions/${id}/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal: leave.signal,
    }).catch(() => undefined);
    const response = await asked;
    leave.abort();
    await left;
    await poll(async () => (await metric('http_server_requests_in_flight')) === 0);
    answer(response);
  }
  gateway.payments.answer = answer;
  for (let n = 0; n < 3; n++) expect((await follow(id)).status).toBe(200);
  expect(await metric('live_streams_open')).toBe(3);
});

test('T5 O2: a replica that stops says so, and is gone at once; its reader goes on at another', async () => {
  const stopping = await gateway.replica();
  const id = begin();
  const reader = await follow(id, { at: stopping.url });
  await poll(() => reader.events.length === 1);
  await stopping.stop();
  await poll(() => reader.closed);
  expect(told(reader).at(-1)).toEqual([undefined, 'end', 'restarting']);
  expect(reader.retryMs).toBeLessThanOrEqual(3_000);
  const number = note(id, 'completed');
  const back = await follow(id, { after: reader.events[0]?.id ?? '' });
  await poll(() => back.closed);
  expect(back.events.map((event) => event.id)).toEqual([number, undefined]);
});

test('T5: a reader that does not read is cut before it costs memory', async () => {
  const id = begin();
  let asked = 0;
  // A timeline without end.
  gateway.payments.answer = (response) => {
    asked += 1;
    lastNumber += 100;
    const data = Array.from({ length: 100 }, (_, n) => ({
      ...{ id: String(lastNumber - 99 + n), status: 'pending', reason: 'x'.repeat(64) },
      at: new Date().toISOString(),
    }));
    response.json({ data, ended: false });
  };
  const gone = await metric('live_streams_ended_total{reason="gone"}');
  const reader = await follow(id);
  reader.pause();
  await poll(async () => (await metric('live_streams_ended_total{reason="gone"}')) === gone + 1);
  const before = asked;
  gateway.payments.answer = (response) => {
    asked += 1;
    response.json({ data: [], ended: false });
  };
  tell(id);
  await poll(async () => (await metric('live_streams_open')) === 0);
  expect(asked - before).toBeLessThanOrEqual(1);
}, 60_000);

test.each([
  ['no token', () => ({}), newId('wd'), 401],
  ['a token of nobody', () => ({ authorization: 'Bearer x.y.z' }), newId('wd'), 401],
  ['somebody else’s, or no transaction', () => ({ authorization: `Bearer ${token}` }), newId('wd'), 404],
  ['a path', () => ({ authorization: `Bearer ${token}` }), '..%2Fprovider-reads', 404],
  ['no number of ours', () => ({ authorization: `Bearer ${token}`, 'last-event-id': '1 OR 1' }), newId('wd'), 400],
])('A3 A6: %s → %s', async (_what, headers, id, status) => {
  const reader = await readEvents(
    `${gateway.url}/api/v1/transactions/${id}/events`,
    headers() as Record<string, string>,
  );
  await poll(() => reader.closed);
  expect([reader.status, JSON.parse(reader.body).status]).toEqual([status, status]);
});

test('A6: a HEAD request opens nothing', async () => {
  const id = begin();
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${gateway.url}/api/v1/transactions/${id}/events`, { method: 'HEAD', headers });
  expect([answer.status, await metric('live_streams_open')]).toEqual([200, 0]);
});
