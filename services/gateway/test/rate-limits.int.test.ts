import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll, tcpProxy } from '#libs/testing';
import { type Answer, type GatewayStack, startGateway } from './stack.ts';

/** Two replicas on one database; the address is what one proxy of ours says, so that a test can be many clients. */
let gateway: GatewayStack;
let replica: Awaited<ReturnType<GatewayStack['replica']>>;
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  gateway = await startGateway({ RATE_LIMITS_ENFORCED: 'true', TRUSTED_PROXIES: '1' });
  replica = await gateway.replica();
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all(open.map((close) => close()));
});

const either = (i: number): Pick<GatewayStack, 'call'> => (i % 2 === 0 ? gateway : replica);
const from = (address: string, more: Record<string, string> = {}) => ({ 'x-forwarded-for': address, ...more });
const statuses = (answers: Answer[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const body = (email = `${randomUUID()}@example.test`) => ({ email, password: 'Abcdefg1' });
const atOnce = (n: number, one: (i: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: n }, (_, i) => one(i)));
let clients = 0;
/** A user who came from an address of their own. */
async function newUser(): Promise<Record<string, string>> {
  clients += 1;
  const headers = from(`192.0.2.${clients}`);
  const someone = body();
  await gateway.call('POST', '/api/v1/auth/register', { headers, body: someone });
  const { json } = await gateway.call('POST', '/api/v1/auth/login', { headers, body: someone });
  return from('198.51.100.99', { authorization: `Bearer ${json['access_token']}` });
}

test('A5 F10: of 40 logins of one address at once, on two replicas, exactly five are looked at', async () => {
  const answers = await atOnce(40, (i) =>
    either(i).call('POST', '/api/v1/auth/login', { headers: from('198.51.100.1'), body: body() }),
  );
  expect(statuses(answers)).toEqual({ 401: 5, 429: 35 });
  const refused = answers.find(({ status }) => status === 429);
  expect(refused).toMatchObject({ json: { code: 'rate_limited' } });
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(890);
  expect(Number(refused?.headers['retry-after'])).toBeLessThanOrEqual(900);
  const elsewhere = { headers: from('198.51.100.2'), body: body() };
  expect((await gateway.call('POST', '/api/v1/auth/login', elsewhere)).status).toBe(401);
});

test('A5: no other spelling of the path, no body that is no body, and no header of the client’s is a way around', async () => {
  const answers: Answer[] = [];
  const paths = ['/api/v1/auth/login', '/api/v1/auth/login/', '/API/v1/Auth/LOGIN', '/api/v1/auth/login?x=1'];
  for (let i = 0; i < 12; i++) {
    const headers = {
      ...from(`203.0.113.${i}, 198.51.100.3`),
      forwarded: `for=203.0.113.${i}`,
      'x-real-ip': `203.0.113.${i}`,
      'x-user-id': randomUUID(),
    };
    answers.push(
      await gateway.call('POST', paths[i % paths.length] ?? '', { headers, body: i % 2 === 0 ? body() : '{' }),
    );
  }
  expect(answers.slice(5).map(({ status }) => status)).toEqual(Array(7).fill(429));
  expect(answers.slice(0, 5).map(({ status }) => status)).not.toContain(429);
});

test('A5: an IPv6 line is one address, whatever it calls itself', async () => {
  const answers = await atOnce(12, (i) =>
    either(i).call('POST', '/api/v1/auth/login', { headers: from(`2001:db8:1:2::${i}`), body: body() }),
  );
  expect(statuses(answers)).toEqual({ 401: 5, 429: 7 });
  const neighbour = { headers: from('2001:db8:1:3::1'), body: body() };
  expect((await gateway.call('POST', '/api/v1/auth/login', neighbour)).status).toBe(401);
});

test('A5 F10: of ten registrations of one address at once, exactly three', async () => {
  const answers = await atOnce(10, (i) =>
    either(i).call('POST', '/api/v1/auth/register', { headers: from('198.51.100.4'), body: body() }),
  );
  expect(statuses(answers)).toEqual({ 201: 3, 429: 7 });
});

test('A5 F10: of thirty withdrawals of one user at once, exactly five reach payments; another user’s are their own', async () => {
  const [one, other] = [await newUser(), await newUser()];
  const withdraw = (i: number, headers: Record<string, string>) =>
    either(i).call('POST', '/api/v1/withdrawals', {
      headers: { ...headers, 'idempotency-key': randomUUID() },
      body: {},
    });
  expect(statuses(await atOnce(30, (i) => withdraw(i, one)))).toEqual({ 200: 5, 429: 25 });
  expect(gateway.payments.arrivals).toHaveLength(5);
  expect((await withdraw(0, other)).status).toBe(200);
});

test('A5 F10: of ten exports of one user at once, exactly five; a stolen token has five tries at the password', async () => {
  const one = await newUser();
  const exported = await atOnce(10, (i) =>
    either(i).call('GET', '/api/v1/transactions/export?format=csv', { headers: one }),
  );
  expect(exported.filter(({ status }) => status === 429)).toHaveLength(5);
  const guessed = await atOnce(8, (i) =>
    either(i).call('POST', '/api/v1/auth/password', {
      headers: one,
      body: { current_password: `Wrong-Horse-${i}`, new_password: 'Battery-Staple-2' },
    }),
  );
  expect(statuses(guessed)).toEqual({ 403: 5, 429: 3 });
});

test('A5 F10: of 300 requests of one user at once, exactly a hundred in all, and the headers say so', async () => {
  const one = await newUser();
  const answers = await atOnce(300, (i) => either(i).call('GET', '/api/v1/wallets', { headers: one }));
  expect(statuses(answers)).toEqual({ 200: 100, 429: 200 });
  for (const { status, headers } of answers) {
    expect(headers['ratelimit-policy']).toBe('"general";q=100;w=60');
    expect(headers['ratelimit']).toMatch(/^"general";r=\d+;t=\d+$/);
    expect(headers['retry-after'] === undefined).toBe(status === 200);
  }
});

test('A5: a limit that holds beside the general one is told beside it', async () => {
  const { headers } = await gateway.call('POST', '/api/v1/auth/login', { headers: from('198.51.100.5'), body: body() });
  expect(headers['ratelimit-policy']).toBe('"general";q=100;w=60, "login";q=5;w=900');
  expect(headers['ratelimit']).toMatch(/^"general";r=99;t=60, "login";r=4;t=900$/);
});

test('A5 A7: a flood is one line of the audit log, not a thousand', async () => {
  await atOnce(60, (i) =>
    either(i).call('POST', '/api/v1/auth/login', { headers: from('198.51.100.6'), body: body() }),
  );
  const owner = new pg.Client({ connectionString: gateway.ownerUrl });
  await owner.connect();
  const { rows } = await owner.query(
    `SELECT about, address, actor_id FROM audit_log WHERE action = 'rate_limited' AND address = '198.51.100.6'`,
  );
  await owner.end();
  expect(rows).toEqual([{ about: 'login', address: '198.51.100.6', actor_id: null }]);
});

test('A5 F6: with the database down money is reachable and limited by each replica alone, and a login says that it cannot be', async () => {
  const user = await newUser();
  const proxy = await tcpProxy(gateway.databaseUrl);
  open.push(() => proxy.close());
  const lonely = await gateway.replica({ DATABASE_URL: proxy.url });
  expect((await lonely.call('GET', '/api/v1/wallets', { headers: user })).status).toBe(200);
  await proxy.down();
  const wallets = await poll(async () => {
    const answer = await lonely.call('GET', '/api/v1/wallets', { headers: user });
    return answer.status === 200 ? answer : undefined;
  });
  expect(wallets.headers['ratelimit-policy']).toBe('"general";q=100;w=60');
  const many = await atOnce(150, () => lonely.call('GET', '/api/v1/wallets', { headers: user }));
  // What was left of a block that the database gave, and then this replica's own hundred.
  expect(statuses(many)[200]).toBeLessThanOrEqual(109);
  expect(statuses(many)[429]).toBeGreaterThanOrEqual(41);
  const login = await lonely.call('POST', '/api/v1/auth/login', { headers: from('198.51.100.7'), body: body() });
  expect(login.status).toBe(503);
});

test('A5: liftable: without limits nothing is refused and nothing is told', async () => {
  const lifted = await gateway.replica({ RATE_LIMITS_ENFORCED: 'false' });
  const answers = await atOnce(8, () =>
    lifted.call('POST', '/api/v1/auth/login', { headers: from('198.51.100.8'), body: body() }),
  );
  expect(statuses(answers)).toEqual({ 401: 8 });
  expect(answers[0]?.headers['ratelimit']).toBeUndefined();
});
