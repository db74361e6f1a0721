import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RevioSimulator, startRevioSimulator } from '#libs/revio-simulator';
import { poll } from '#libs/testing';
import {
  type Answer,
  keys,
  pemOf,
  sample,
  signatureOf,
  startWebhooks,
  timestampedBy,
  type WebhooksStack,
} from './stack.ts';

/** The rows of docs/webhooks.md: what is sent, what is answered, what the log says. */
const documented = [
  ...readFileSync(`${import.meta.dirname}/../../../docs/webhooks.md`, 'utf8').matchAll(
    /^\| ([^|]+) \| (\d{3} \w+) \| ([^|]+) \| [^|]+ \|$/gm,
  ),
].map(([, delivery = '', answer = '', log = '']) => ({ delivery, answer, log }));

let simulator: RevioSimulator;
/** Keys of every purpose, the webhook's in the middle of a rotation, and access to Revio. */
let webhooks: WebhooksStack;
/** Without a relay, behind a proxy, for one network only. */
let guarded: WebhooksStack;
/** Which answers two strangers a minute. */
let limited: WebhooksStack;

beforeAll(async () => {
  simulator = await startRevioSimulator();
  webhooks = await startWebhooks({
    env: {
      REVIO_COMPANY_PUBLIC_KEYS: pemOf(keys.company),
      REVIO_RELAY_PUBLIC_KEYS: pemOf(keys.relay),
      REVIO_BASE_URL: `${simulator.url}/api/v1/`,
      REVIO_API_KEY: simulator.apiKey,
      REVIO_IS_TEST: 'true',
      UNVERIFIED_ROWS_PER_MINUTE: '10000',
      RATE_LIMIT_UNVERIFIED: '10000', // the flood below is another matter
    },
  });
  limited = await startWebhooks({ env: { RATE_LIMIT_UNVERIFIED: '2' } });
  guarded = await startWebhooks({ env: { WEBHOOK_IP_ALLOWLIST: '192.0.2.0/24', TRUSTED_PROXIES: '1' } });
  simulator.control.webhookUrl({ url: `${webhooks.url}/webhooks/revio` });
});
afterAll(async () => {
  await webhooks?.close();
  await guarded?.close();
  await limited?.close();
  await simulator?.stop();
});

const paidSample = sample('05-webhook-purchase.paid-after-failure');
const paid = (change: object = {}): string => JSON.stringify({ ...paidSample, id: randomUUID(), ...change });
const hoursAgoS = (hours: number): number => Math.floor(Date.now() / 1000) - hours * 3600;
const plain = (body: string, key = keys.current) => ({ 'x-signature': signatureOf(body, key.privateKey) });
const relayed = (body: string, sent: Parameters<typeof timestampedBy>[2] = {}) => timestampedBy(keys.relay, body, sent);

/** One delivery by its name in the document; gives back the body whose row is looked at. */
type Sent = { answer: Answer; body: string | Buffer; at?: WebhooksStack };
const sent = async (body: string | Buffer, headers: Record<string, string> | string[]): Promise<Sent> => ({
  answer: await webhooks.send(body, headers),
  body,
});

const deliveries: Record<string, () => Promise<Sent>> = {
  'plain, genuine': () => {
    const body = paid();
    return sent(body, plain(body));
  },
  'timestamped, genuine': () => {
    const body = paid();
    return sent(body, relayed(body));
  },
  'the same bytes again, 36 h later': async () => {
    const body = paid({ updated_on: hoursAgoS(36) });
    await sent(body, plain(body));
    return sent(body, plain(body));
  },
  'plain, first seen 36 h late': () => {
    const body = paid({ updated_on: hoursAgoS(36) });
    return sent(body, plain(body));
  },
  'timestamped, 36 h old': () => {
    const body = paid();
    return sent(body, relayed(body, { timestamp: hoursAgoS(36) }));
  },
  'timestamped, two minutes ahead': () => {
    const body = paid();
    return sent(body, relayed(body, { timestamp: hoursAgoS(0) + 120 }));
  },
  'timestamped, an event id again, signed anew': async () => {
    const body = paid();
    const eventId = `evt_${randomUUID()}`;
    await sent(body, relayed(body, { eventId, timestamp: hoursAgoS(0) - 100 }));
    return sent(body, relayed(body, { eventId }));
  },
  'timestamped headers beside a genuine plain signature': () => {
    const body = paid();
    return sent(body, { ...plain(body), 'x-revio-event-id': 'evt_1' });
  },
  'forged by a stranger': () => {
    const body = paid();
    return sent(body, plain(body, keys.foreign));
  },
  unsigned: () => sent(paid(), {}),
  're-serialised: the same JSON in other bytes': () => {
    const body = paid();
    return sent(JSON.stringify(JSON.parse(body), null, 2), plain(body));
  },
  'the signature header twice': () => {
    const body = paid();
    return sent(body, ['x-signature', signatureOf(body), 'x-signature', signatureOf(body)]);
  },
  'valid, junk in one signature header': () => {
    const body = paid();
    return sent(body, { 'x-signature': `${signatureOf(body)}, junk` });
  },
  "plain, by the relay's key": () => {
    const body = paid();
    return sent(body, plain(body, keys.relay));
  },
  "timestamped, by the webhook's key where a relay's is configured": () => {
    const body = paid();
    return sent(body, timestampedBy(keys.current, body));
  },
  "a payout, by the company's key": () => {
    const body = JSON.stringify({ ...sample('10-webhook-payout.success'), id: randomUUID() });
    return sent(body, plain(body, keys.company));
  },
  'by the old key during a rotation': () => {
    const body = paid();
    return sent(body, plain(body, keys.old));
  },
  'by a key that only Revio knows of yet': async () => {
    const body = paid();
    const { status } = await simulator.control.sendWebhook({ body, key: 'company' });
    return { answer: { status: status ?? 0, json: { receipt: status === 200 ? 'accepted' : 'none' } }, body };
  },
  'a name twice in one JSON object': () => {
    const body = paid().replace('"amount":15000', '"amount":1500000,"amount":15000');
    return sent(body, plain(body));
  },
  'rightly signed, but no JSON': () => {
    const body = `hello ${randomUUID()}`;
    return sent(body, plain(body));
  },
  'an event type that nobody knows': () => {
    const body = paid({ event_type: 'purchase.praised' });
    return sent(body, plain(body));
  },
  'an object that cannot be read': () => {
    const body = paid({ payment: { amount: 'all of it' } });
    return sent(body, plain(body));
  },
  gzip: () => {
    const body = gzipSync(paid());
    return sent(body, { 'content-encoding': 'gzip', 'x-signature': signatureOf(body) });
  },
  '12 MiB': () => {
    const body = Buffer.alloc(12 * 1024 * 1024, ' ');
    return sent(body, { 'x-signature': signatureOf(body) });
  },
  'from an address that is not on the allowlist': async () => {
    const body = paid();
    const headers = { ...plain(body), 'x-forwarded-for': '192.0.2.7, 198.51.100.7' };
    return { answer: await guarded.send(body, headers), body, at: guarded };
  },
  'forged, after a thousand of a minute': async () => {
    const junk = () => limited.send(paid(), {});
    await Promise.all([junk(), junk()]);
    const body = paid();
    return { answer: await limited.send(body, plain(body, keys.foreign)), body, at: limited };
  },
  'genuine, after a thousand forged ones of a minute': async () => {
    await Promise.all([1, 2, 3].map(() => limited.send(paid(), {})));
    const body = paid();
    return { answer: await limited.send(body, plain(body)), body, at: limited };
  },
};

test('every documented delivery is tried, and every tried one documented', () => {
  expect(documented.map(({ delivery }) => delivery)).toEqual(Object.keys(deliveries));
});

test.each(documented)('W1 W2 W3 W4 F8 F9: $delivery → $answer', async ({ delivery, answer, log }) => {
  const seen = await deliveries[delivery]?.();
  const { status, json } = seen?.answer ?? { status: 0, json: {} };
  expect(`${status} ${json['receipt'] ?? json['code']}`).toBe(answer);
  const rows = await (seen?.at ?? webhooks).rows<{ state: string; reason: string | null }>(
    `SELECT state, reason FROM webhook_logs WHERE digest = encode(sha256($1), 'hex')`,
    [Buffer.from(seen?.body ?? '')],
  );
  expect(rows.map(({ state, reason }) => [state, ...(reason === null ? [] : [reason])].join(', '))).toEqual(
    log === '–' ? [] : [log],
  );
});

test('W4: from an address on the list a delivery is taken, whatever the sender wrote before it', async () => {
  const body = paid();
  const headers = { ...plain(body), 'x-forwarded-for': '198.51.100.7, 192.0.2.7' };
  expect(await guarded.send(body, headers)).toEqual({ status: 200, json: { receipt: 'accepted' } });
  expect((await guarded.send(paid(), plain(body))).status).toBe(403); // around the proxy
});

test('W2: the scheme goes with the observation, and what a relay signed stands in the log', async () => {
  const body = paid();
  const eventId = `evt_${randomUUID()}`;
  const timestamp = hoursAgoS(0);
  await sent(body, relayed(body, { eventId, timestamp }));
  const [row] = await webhooks.rows(
    `SELECT scheme, signed_by, event_id, delivery_key, sent_at FROM webhook_logs WHERE event_id = $1`,
    [eventId],
  );
  expect(row).toEqual({
    scheme: 'timestamped',
    signed_by: 'relay',
    event_id: eventId,
    delivery_key: `event:${eventId}`,
    sent_at: new Date(timestamp * 1000),
  });
  const told = await webhooks.rows<{ scheme: string }>(
    `SELECT envelope->'data'->'observation'->>'scheme' AS scheme FROM outbox
     WHERE envelope->'data'->'observation'->>'object_id' = $1`,
    [JSON.parse(body).id],
  );
  expect(told).toEqual([{ scheme: 'timestamped' }]);
});

test('W3: an event id that a forger used is still free for the genuine delivery', async () => {
  const body = paid();
  const eventId = `evt_${randomUUID()}`;
  expect((await sent(body, timestampedBy(keys.foreign, body, { eventId }))).answer.status).toBe(401);
  expect((await sent(body, relayed(body, { eventId }))).answer).toEqual({ status: 200, json: { receipt: 'accepted' } });
});

describe('a flood of junk', () => {
  test('A5 F8: of a thousand forged and fifty genuine at once every genuine one is applied, and Revio hardly notices', async () => {
    const genuine = Array.from({ length: 50 }, () => paid());
    const junk = Array.from({ length: 1000 }, () => paid());
    const reads = () => simulator.control.requests().counts['GET /public_key/'] ?? 0;
    const readsBefore = reads();
    const pool = new Pool(webhooks.url, { connections: 64 });
    const deliver = async (body: string, key = keys.current) => {
      const headers = { 'content-type': 'application/json', ...plain(body, key) };
      const answer = await pool.request({ method: 'POST', path: '/webhooks/revio', body, headers });
      await answer.body.dump();
      return answer.statusCode;
    };
    try {
      const [forged, taken] = await Promise.all([
        Promise.all(junk.map((body) => deliver(body, keys.foreign))),
        Promise.all(genuine.map((body) => deliver(body))),
      ]);
      expect(new Set(forged)).toEqual(new Set([401]));
      expect(new Set(taken)).toEqual(new Set([200]));
    } finally {
      await pool.close();
    }
    await poll(async () => {
      const published = await webhooks.rows(
        `SELECT 1 FROM outbox WHERE published_at IS NOT NULL AND envelope->'data'->'observation'->>'object_id' = ANY($1)`,
        [genuine.map((body) => JSON.parse(body).id)],
      );
      return published.length === genuine.length;
    });
    expect(reads() - readsBefore).toBeLessThanOrEqual(1);
  }, 60_000);
});

test('F9: a registered webhook’s key is found at Revio, the next one after a rotation too, and the retired one still counts', async () => {
  await fetch(`${simulator.url}/api/v1/purchases/`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      client: { email: 'someone@example.test' },
      purchase: { currency: 'ZAR', products: [{ name: 'Wallet top-up', price: 15000, quantity: '1' }] },
      brand_id: simulator.brandId,
    }),
  });
  const [delivered] = simulator.control.deliveries(); // names the webhook that it was for
  const asking = await startWebhooks({
    env: {
      REVIO_BASE_URL: `${simulator.url}/api/v1/`,
      REVIO_API_KEY: simulator.apiKey,
      REVIO_IS_TEST: 'true',
      REVIO_WEBHOOK_IDS: delivered?.webhookId ?? '',
      REVIO_KEYS_REST_MS: '1',
    },
  });
  try {
    const statusBy = async (key: 'webhook' | 'retired' | 'stranger') => {
      const url = `${asking.url}/webhooks/revio`;
      return (await simulator.control.sendWebhook({ body: paid(), key, url })).status;
    };
    expect(await statusBy('webhook')).toBe(200);
    await simulator.control.rotateKey({ key: 'webhook' });
    expect(await statusBy('webhook')).toBe(200);
    expect(await statusBy('retired')).toBe(200);
    expect(await statusBy('stranger')).toBe(401);
    expect((await asking.deliver(paid())).status).toBe(200);
    const metrics = await (await fetch(`${asking.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/webhooks_key_fetches_total\{outcome="learned",service="webhooks"\} 2/);
  } finally {
    await asking.close();
  }
});

test('W5: the log lets go of what has expired, by itself', async () => {
  const expiring = await startWebhooks({
    env: { LOG_EXPIRY_INTERVAL_MS: '50', LOG_PAYLOAD_DAYS: '2', LOG_ROW_DAYS: '4' },
  });
  try {
    const aged = async (days: number): Promise<string> => {
      const body = paid();
      await expiring.deliver(body);
      const id = JSON.parse(body).id as string;
      await expiring.rows(`UPDATE webhook_logs SET received_at = now() - $2 * interval '1 day' WHERE object_id = $1`, [
        id,
        days,
      ]);
      return id;
    };
    const [young, old, ancient] = [await aged(1), await aged(3), await aged(5)];
    const left = async () =>
      expiring.rows<{ object_id: string; has_payload: boolean }>(
        'SELECT object_id, payload IS NOT NULL AS has_payload FROM webhook_logs ORDER BY received_at',
      );
    await poll(async () => (await left()).length === 2 && (await left())[0]?.has_payload === false);
    expect((await left()).map(({ object_id }) => object_id)).toEqual([old, young]);
    expect((await left())[1]?.has_payload).toBe(true);
    expect(ancient).toBeDefined();
  } finally {
    await expiring.close();
  }
});
