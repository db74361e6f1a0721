import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { connect } from 'amqplib';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { signInternalToken } from '#libs/auth';
import { type Envelope, envelope } from '#libs/contracts';
import { newId } from '#libs/runtime';
import { poll } from '#libs/testing';
import { keys, sample, signatureOf, startWebhooks, type WebhooksStack } from './stack.ts';

let webhooks: WebhooksStack;

beforeAll(async () => {
  webhooks = await startWebhooks();
});
afterAll(() => webhooks?.close());

const paidSample = sample('05-webhook-purchase.paid-after-failure');
/** A delivery that no other test has sent. */
const paid = (change: object = {}): string => JSON.stringify({ ...paidSample, id: randomUUID(), ...change });

interface LogRow {
  id: string;
  state: string;
  reason: string | null;
  delivery_key: string | null;
  attempts: number;
  event_type: string | null;
  transaction_id: string | null;
}
const logOf = (body: string | Buffer): Promise<LogRow[]> =>
  webhooks.rows<LogRow>(
    `SELECT id, state, reason, delivery_key, attempts, event_type, transaction_id FROM webhook_logs
     WHERE digest = encode(sha256($1), 'hex') ORDER BY received_at`,
    [Buffer.from(body)],
  );
/** By the object, not by the log's row: a duplicate that were told would name a row that does not exist. */
const toldOf = async (body: string): Promise<Envelope<'webhooks.revio-event-received.v1'>[]> => {
  const rows = await webhooks.rows<{ envelope: Envelope<'webhooks.revio-event-received.v1'> }>(
    `SELECT envelope FROM outbox WHERE envelope->'data'->'observation'->>'object_id' = $1`,
    [/"id":"([^"]+)"/.exec(body)?.[1]],
  );
  return rows.map(({ envelope }) => envelope);
};

test('W1 W6: a genuine delivery is logged and told in one transaction, and answered 200', async () => {
  const reference = newId('dep');
  const body = paid({ reference });
  expect(await webhooks.deliver(body)).toEqual({ status: 200, json: { receipt: 'accepted' } });
  const [row, ...more] = await logOf(body);
  expect(more).toEqual([]);
  expect(row).toMatchObject({ state: 'received', reason: null, attempts: 0, event_type: 'purchase.paid' });
  expect(await toldOf(body)).toMatchObject([
    {
      type: 'webhooks.revio-event-received.v1',
      correlationid: reference,
      data: { delivery_id: row?.id, event_type: 'purchase.paid', observation: { status: 'paid', source: 'webhook' } },
    },
  ]);
});

test('W6: what is told is published, and confirmed by a queue that took it', async () => {
  const body = paid();
  await webhooks.deliver(body);
  const [told] = await toldOf(body);
  await poll(async () => {
    const [row] = await webhooks.rows<{ published_at: Date | null }>(
      'SELECT published_at FROM outbox WHERE message_id = $1',
      [told?.id],
    );
    return row?.published_at;
  });
});

test('W1 F9: while keys are rotated, both sign', async () => {
  expect((await webhooks.deliver(paid(), keys.old.privateKey)).status).toBe(200);
  expect((await webhooks.deliver(paid(), keys.current.privateKey)).status).toBe(200);
});

test('W1 W3: a bad signature is 401 and recorded, and the genuine delivery of the same body is still applied', async () => {
  const body = paid();
  expect(await webhooks.deliver(body, keys.foreign.privateKey)).toMatchObject({
    status: 401,
    json: { code: 'invalid_signature' },
  });
  expect(await logOf(body)).toMatchObject([{ state: 'unverified', delivery_key: null, event_type: null }]);
  expect(await toldOf(body)).toEqual([]);

  expect(await webhooks.deliver(body)).toEqual({ status: 200, json: { receipt: 'accepted' } });
  expect(await toldOf(body)).toHaveLength(1);
});

test('W1: why a signature was refused is not told: every such answer is the same but for its request id', async () => {
  const body = paid();
  const genuine = signatureOf(body);
  const attempts: (Record<string, string> | string[])[] = [
    {},
    { 'x-signature': '' },
    { 'x-signature': '!!!' },
    { 'x-signature': `${genuine}=` },
    { 'x-signature': signatureOf('{}') },
    { 'x-signature': signatureOf(body, keys.foreign.privateKey) },
    ['x-signature', genuine, 'x-signature', genuine],
    // Judged by the timestamped scheme alone: never downgraded to the plain one.
    { 'x-signature': genuine, 'x-revio-timestamp': '1767254542' },
    { 'x-signature': genuine, 'x-revio-event-id': 'evt_1' },
    { 'x-signature': genuine, 'x-revio-signature': `sha256=${genuine}` },
  ];
  for (const headers of attempts) {
    const answer = await webhooks.send(body, headers);
    expect(answer).toEqual({
      status: 401,
      json: {
        type: '/problems/invalid_signature',
        code: 'invalid_signature',
        title: 'The signature is missing or wrong',
        status: 401,
        request_id: expect.any(String),
      },
    });
  }
  expect(await toldOf(body)).toEqual([]);
});

test('W1: bytes that differ from the signed ones by a space are refused', async () => {
  const body = paid();
  const answer = await webhooks.send(body.replace('":', '": '), { 'x-signature': signatureOf(body) });
  expect(answer.status).toBe(401);
});

test('W1: a content type and a charset of the sender’s choosing change no byte', async () => {
  const body = paid({ reference: 'Zoë Ünal' });
  for (const [type, receipt] of [
    ['text/plain; charset=utf-16', 'accepted'],
    ['application/x-www-form-urlencoded', 'duplicate'],
  ] as const) {
    const answer = await webhooks.send(body, { 'content-type': type, 'x-signature': signatureOf(body) });
    expect(answer).toEqual({ status: 200, json: { receipt } });
  }
});

test('W1 W5: a right signature over what is no event is a 422, recorded, and takes no place among the keys', async () => {
  for (const body of ['not json', '[]', '{"hello":"world"}', paid({ event_type: undefined })]) {
    expect(await webhooks.deliver(body)).toMatchObject({ status: 422, json: { code: 'not_an_event' } });
    expect(await logOf(body)).toMatchObject([{ state: 'refused', delivery_key: null }]);
  }
});

test('M8: a signed body in which an amount stands twice is refused: two readers may see two amounts', async () => {
  const body = paid().replace('"amount":15000', '"amount":1500000,"amount":15000');
  expect(await webhooks.deliver(body)).toMatchObject({ status: 422, json: { code: 'not_an_event' } });
  expect(await toldOf(body)).toEqual([]);
});

test('W7: an unknown event type and an unknown object are stored, answered 200, and have no effect', async () => {
  const bodies = [
    [paid({ event_type: 'purchase.praised' }), 'unknown_event_type'],
    [
      JSON.stringify({ id: randomUUID(), type: 'loyalty_card', event_type: 'loyalty_card.stamped' }),
      'unknown_event_type',
    ],
    [
      JSON.stringify({
        id: randomUUID(),
        type: 'billing_template_client',
        event_type: 'billing_template_client.subscription_billing_cancelled',
      }),
      'unreadable_object',
    ],
  ] as const;
  for (const [body, reason] of bodies) {
    expect(await webhooks.deliver(body)).toEqual({ status: 200, json: { receipt: 'stored' } });
    expect(await logOf(body)).toMatchObject([{ state: 'stored', reason }]);
    expect(await toldOf(body)).toEqual([]);
  }
});

test('W3 F8: the same delivery a thousand times over fifty connections: all 200, one row, one message', async () => {
  const body = paid();
  const headers = { 'content-type': 'application/json', 'x-signature': signatureOf(body) };
  const pool = new Pool(webhooks.url, { connections: 50 });
  try {
    const statuses = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const answer = await pool.request({ method: 'POST', path: '/webhooks/revio', body, headers });
        await answer.body.dump();
        return answer.statusCode;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  } finally {
    await pool.close();
  }
  expect(await logOf(body)).toHaveLength(1);
  expect(await toldOf(body)).toHaveLength(1);
}, 60_000);

test('A6: a compressed body is refused, whatever is inside', async () => {
  const body = gzipSync(paid());
  const answer = await webhooks.send(body, { 'content-encoding': 'gzip', 'x-signature': signatureOf(body) });
  expect(answer).toMatchObject({ status: 415, json: { code: 'unsupported_media_type' } });
  expect(await logOf(body)).toEqual([]);
});

test('A6: twelve megabytes are refused', async () => {
  const body = Buffer.alloc(12 * 1024 * 1024, ' ');
  const answer = await webhooks.send(body, { 'x-signature': signatureOf(body) });
  expect(answer).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
});

test('A8: neither a payload nor anything personal of it is ever in clear in the database', async () => {
  await webhooks.deliver(paid());
  await webhooks.deliver(paid(), keys.foreign.privateKey);
  await webhooks.deliver(JSON.stringify({ ...sample('10-webhook-payout.success'), id: randomUUID() }));
  for (const table of ['webhook_logs', 'outbox']) {
    const rows = await webhooks.rows<{ text: string }>(`SELECT t::text AS text FROM ${table} t`);
    expect(rows.length).toBeGreaterThan(0);
    for (const { text } of rows) expect(text).not.toMatch(/thandi|mokoena|62000000001|444433|checkout_url/i);
  }
});

test('W5: what the reconciler made of a delivery is written into its log, once, and an end is not left again', async () => {
  const body = paid();
  await webhooks.deliver(body);
  const [row] = await logOf(body);
  const transactionId = newId('dep');
  const connection = await connect(inject('amqpUrl'));
  connection.on('error', () => {}); // the publish fails with the same error
  try {
    const channel = await connection.createConfirmChannel();
    const tell = async (outcome: 'applied' | 'parked', id = randomUUID()) => {
      const data = { delivery_id: row?.id ?? '', transaction_id: transactionId, outcome, reason: `was_${outcome}` };
      const event = envelope('reconciler', 'reconciler.observation-handled.v1', data, { id, time: new Date() });
      channel.publish(`${webhooks.prefix}piggybank.events`, event.type, Buffer.from(JSON.stringify(event)), {
        messageId: id,
      });
      await channel.waitForConfirms();
      await poll(async () => (await webhooks.rows('SELECT 1 FROM inbox WHERE message_id = $1', [id])).length === 1);
      return (await logOf(body))[0];
    };
    expect(await tell('parked')).toMatchObject({ state: 'processing', reason: 'was_parked' });
    expect(await tell('applied')).toMatchObject({ state: 'completed', attempts: 2, transaction_id: transactionId });
    expect(await tell('parked')).toMatchObject({ state: 'completed', reason: 'was_applied' });
  } finally {
    await connection.close();
  }

  const answer = await get(`/deliveries?transaction_id=${transactionId}`, tokenOf('support'));
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    data: [
      {
        id: row?.id,
        state: 'completed',
        event_type: 'purchase.paid',
        transaction_id: transactionId,
        payload: { status: 'paid', client: { email: '***' } },
      },
    ],
  });
});

const get = async (path: string, token?: string) => {
  const answer = await fetch(
    webhooks.url + path,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
};
const tokenOf = (role: 'user' | 'support' | 'admin', audience: 'webhooks' | 'wallet' = 'webhooks') =>
  signInternalToken(webhooks.internalKey, {
    audience,
    actor: { kind: 'user', userId: randomUUID(), role, email: 'someone@example.test' },
    ttlS: 60,
  });

test('A4: the log is for support only, over an internal token for this service', async () => {
  const path = `/deliveries?transaction_id=${newId('dep')}`;
  expect((await get(path)).status).toBe(401);
  expect((await get(path, tokenOf('support', 'wallet'))).status).toBe(401);
  expect((await get(path, tokenOf('user'))).status).toBe(403);
  expect(await get(path, tokenOf('admin'))).toEqual({ status: 200, json: { data: [], next_cursor: null } });
  expect((await get('/deliveries?transaction=1', tokenOf('admin'))).status).toBe(400);
});

test('W5: the log is read page by page, by object and by state too', async () => {
  const id = randomUUID();
  const bodies = ['purchase.created', 'purchase.viewed', 'purchase.paid'].map((event_type) => paid({ id, event_type }));
  for (const body of bodies) await webhooks.deliver(body);
  const pageOf = async (query: string) => {
    const { json } = await get(`/deliveries?object_id=${id}&${query}`, tokenOf('support'));
    return json as { data: { id: string; event_type: string; digest: string }[]; next_cursor: string | null };
  };
  const first = await pageOf('limit=2');
  expect(first.data.map(({ event_type }) => event_type)).toEqual(['purchase.paid', 'purchase.viewed']);
  const second = await pageOf(`limit=2&cursor=${first.next_cursor}`);
  expect(second.data.map(({ event_type }) => event_type)).toEqual(['purchase.created']);
  expect(second.next_cursor).toBeNull();
  expect((await pageOf('state=received')).data).toHaveLength(3);
  expect((await pageOf('state=case')).data).toEqual([]);
  const [shown] = (await pageOf(`id=${first.data[0]?.id}`)).data;
  expect(shown).toMatchObject({ id: first.data[0]?.id, signed_by: 'webhook', scheme: 'plain', duplicates: 0 });
  for (const wrong of ['limit=101', 'limit=0', 'state=lost', 'cursor=x', `cursor=${first.next_cursor}x`, 'id=1'])
    expect((await get(`/deliveries?${wrong}`, tokenOf('admin'))).status).toBe(422);
});

test('W3 W5: duplicates are counted on the row that they repeat', async () => {
  const body = paid();
  for (let n = 0; n < 4; n += 1) await webhooks.deliver(body);
  await poll(async () => {
    const [row] = await webhooks.rows<{ duplicates: number; last_duplicate_at: Date | null }>(
      `SELECT duplicates, last_duplicate_at FROM webhook_logs WHERE digest = encode(sha256($1), 'hex')`,
      [Buffer.from(body)],
    );
    return row?.duplicates === 3 && row.last_duplicate_at !== null;
  });
});

test('O3: deliveries are counted by what became of them', async () => {
  const metrics = await (await fetch(`${webhooks.opsUrl}/metrics`)).text();
  for (const receipt of ['accepted', 'stored', 'duplicate', 'refused', 'unverified'])
    expect(metrics).toMatch(new RegExp(`webhook_deliveries_total\\{receipt="${receipt}",service="webhooks"\\} [1-9]`));
});

test('W1: when the newest rightly signed delivery came is known, and silence is seen by it', async () => {
  const before = Math.floor(Date.now() / 1000);
  await webhooks.deliver(paid());
  const metrics = await (await fetch(`${webhooks.opsUrl}/metrics`)).text();
  const [, seconds] = /webhooks_last_verified_timestamp_seconds\{[^}]*\} ([0-9.e+]+)/.exec(metrics) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(before);
});
