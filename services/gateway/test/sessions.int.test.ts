import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type GatewayStack, startGateway } from './stack.ts';

/** Two replicas on one database. */
let gateway: GatewayStack;
let replica: Awaited<ReturnType<GatewayStack['replica']>>;
let owner: pg.Client;

beforeAll(async () => {
  gateway = await startGateway();
  replica = await gateway.replica();
  owner = new pg.Client({ connectionString: gateway.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner?.end();
  await gateway?.close();
});

const password = 'Abcdefg1';
interface Tokens {
  access_token: string;
  refresh_token: string;
}
const tokensOf = ({ json }: Answer) => json as unknown as Tokens;
const refresh = (refresh_token: unknown, at: Pick<GatewayStack, 'call'> = gateway) =>
  at.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function newUser(): Promise<{ email: string } & Tokens> {
  const email = `${randomUUID()}@example.test`;
  await gateway.call('POST', '/api/v1/auth/register', { body: { email, password } });
  return { email, ...tokensOf(await login(email)) };
}
const login = (email: string, secret = password) =>
  gateway.call('POST', '/api/v1/auth/login', {
    body: { email, password: secret },
    headers: { 'user-agent': 'a browser\u00e9' },
  });
/** Moves what the database knows of a token into the past, which no client can wait for. */
const age = (column: string, seconds: number) =>
  owner.query(`UPDATE refresh_tokens SET ${column} = ${column} - $1 * interval '1 second'`, [seconds]);
const refused = { status: 401, json: { code: 'invalid_refresh_token' } };

test('A1: a refresh gives new tokens, which work, for seven more days', async () => {
  const user = await newUser();
  const answer = await refresh(user.refresh_token);
  expect(answer).toMatchObject({ status: 200, json: { token_type: 'Bearer', expires_in: 900 } });
  expect(answer.json['refresh_expires_in']).toBeGreaterThan(604_700);
  expect(answer.json['refresh_expires_in']).toBeLessThanOrEqual(604_800);
  const next = tokensOf(answer);
  expect(next.refresh_token).not.toBe(user.refresh_token);
  const me = await gateway.call('GET', '/api/v1/me', { headers: bearer(next.access_token) });
  expect(me).toMatchObject({ status: 200, json: { email: user.email } });
  expect((await refresh(next.refresh_token)).status).toBe(200);
});

test('A1: a refresh token that comes again ends its whole session, the newest token included', async () => {
  const user = await newUser();
  const other = tokensOf(await login(user.email));
  const second = tokensOf(await refresh(user.refresh_token));
  const third = tokensOf(await refresh(second.refresh_token));
  // The first token's successor is used: whoever comes with the first now has stolen it, or was stolen from.
  expect(await refresh(user.refresh_token)).toMatchObject(refused);
  expect(await refresh(third.refresh_token)).toMatchObject(refused);
  expect((await refresh(other.refresh_token)).status).toBe(200); // another session of the same user goes on
  const { rows } = await owner.query(`SELECT action FROM audit_log WHERE action = 'refresh_reused'`);
  expect(rows).toHaveLength(1);
});

test('A1 F3: whoever lost the answer gets the same successor for ten seconds, and later ends the session', async () => {
  const user = await newUser();
  const first = tokensOf(await refresh(user.refresh_token));
  for (const at of [gateway, replica])
    expect(tokensOf(await refresh(user.refresh_token, at)).refresh_token).toBe(first.refresh_token);
  await age('used_at', 10);
  expect(await refresh(user.refresh_token)).toMatchObject(refused);
  expect(await refresh(first.refresh_token)).toMatchObject(refused);
});

test('A1 F10: two replicas that are asked for the same token at once, ten times each, give one successor', async () => {
  const user = await newUser();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => refresh(user.refresh_token, i % 2 === 0 ? gateway : replica)),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(new Set(answers.map((answer) => tokensOf(answer).refresh_token)).size).toBe(1);
  expect((await refresh(tokensOf(answers[0] as Answer).refresh_token)).status).toBe(200);
});

test('A1: after seven days without a refresh a session is over, and after ninety with them', async () => {
  const user = await newUser();
  await age('expires_at', 604_801);
  expect(await refresh(user.refresh_token)).toMatchObject(refused);
  const long = await newUser();
  await owner.query(`UPDATE sessions SET created_at = created_at - interval '89 days 23 hours'`);
  const last = await refresh(long.refresh_token);
  expect(last.json['refresh_expires_in']).toBeLessThanOrEqual(3_600);
});

test.each([
  ['one that nobody gave out', 'A'.repeat(43)],
  ['nothing', ''],
  ['an access token', 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln'],
])('A1: %s is no refresh token', async (_case, token) => {
  expect(await refresh(token)).toMatchObject(refused);
});

test('A6: a refresh with other fields, or another type, is refused', async () => {
  expect(await refresh(7)).toMatchObject({ status: 422 });
  const more = { refresh_token: 'x', user_id: 'y' };
  expect(await gateway.call('POST', '/api/v1/auth/refresh', { body: more })).toMatchObject({ status: 422 });
  expect(await refresh('x'.repeat(10_000))).toMatchObject({ status: 422 });
});

test('A1: after a logout the refresh token is over; a second logout, or one of nobody’s token, is no different', async () => {
  const user = await newUser();
  const logout = (refresh_token: string) => gateway.call('POST', '/api/v1/auth/logout', { body: { refresh_token } });
  expect((await logout(user.refresh_token)).status).toBe(204);
  expect(await refresh(user.refresh_token)).toMatchObject(refused);
  expect((await logout(user.refresh_token)).status).toBe(204);
  expect((await logout('unknown')).status).toBe(204);
});

test('A1 A3: a user sees and ends their own sessions, and nobody else’s', async () => {
  const user = await newUser();
  const laptop = tokensOf(await login(user.email));
  const other = await newUser();
  const list = async (token: string) =>
    (await gateway.call('GET', '/api/v1/auth/sessions', { headers: bearer(token) })).json['data'] as {
      id: string;
      current: boolean;
      user_agent: string;
      address: string;
    }[];
  const sessions = await list(laptop.access_token);
  expect(sessions.map(({ current }) => current)).toEqual([true, false]);
  expect(sessions[0]).toMatchObject({ user_agent: 'a browser?', address: '127.0.0.1' });
  const first = String(sessions[1]?.id);
  const end = (id: string, token: string) =>
    gateway.call('DELETE', `/api/v1/auth/sessions/${id}`, { headers: bearer(token) });
  expect((await end(first, other.access_token)).status).toBe(404);
  expect((await end('not-a-uuid', laptop.access_token)).status).toBe(404);
  expect((await end(first, laptop.access_token)).status).toBe(204);
  expect((await end(first, laptop.access_token)).status).toBe(404);
  expect(await refresh(user.refresh_token)).toMatchObject(refused);
  await login(user.email);
  const all = await gateway.call('DELETE', '/api/v1/auth/sessions', { headers: bearer(laptop.access_token) });
  expect(all.status).toBe(204);
  expect((await list(laptop.access_token)).map(({ current }) => current)).toEqual([true]);
  expect((await refresh(laptop.refresh_token)).status).toBe(200);
  expect((await list(other.access_token)).length).toBe(1);
});

test('A1: a new password needs the old one, ends every other session, and is the only one that lets in', async () => {
  const user = await newUser();
  const other = tokensOf(await login(user.email));
  const change = (current_password: string, new_password: string) =>
    gateway.call('POST', '/api/v1/auth/password', {
      headers: bearer(user.access_token),
      body: { current_password, new_password },
    });
  expect(await change('Wrong-Horse-1', 'Zyxwvut9')).toMatchObject({ status: 403, json: { code: 'wrong_password' } });
  expect(await change(password, 'weak')).toMatchObject({ status: 422 });
  expect((await change(password, 'Zyxwvut9')).status).toBe(204);
  expect(await refresh(other.refresh_token)).toMatchObject(refused);
  expect((await refresh(user.refresh_token)).status).toBe(200);
  expect((await login(user.email)).status).toBe(401);
  expect((await login(user.email, 'Zyxwvut9')).status).toBe(200);
});

test('A3: a role that was taken back is gone with the next refresh', async () => {
  const user = await newUser();
  await owner.query(`UPDATE users SET role = 'support' WHERE email = $1`, [user.email]);
  const asSupport = tokensOf(await refresh(user.refresh_token));
  const audit = (token: string) => gateway.call('GET', '/api/v1/admin/audit-log?limit=1', { headers: bearer(token) });
  expect((await audit(user.access_token)).status).toBe(403);
  expect((await audit(asSupport.access_token)).status).toBe(200);
  await owner.query(`UPDATE users SET role = 'user' WHERE email = $1`, [user.email]);
  const asUser = tokensOf(await refresh(asSupport.refresh_token));
  expect((await audit(asUser.access_token)).status).toBe(403);
});

test('A7 A8: who came and went is in the audit log, and no token or password is in the database', async () => {
  const user = await newUser();
  await login(user.email, 'Wrong-Horse-1');
  const { rows: acts } = await owner.query(
    `SELECT action, address FROM audit_log WHERE actor_id = u.id OR about = u.id::text ORDER BY seq`.replace(
      'FROM audit_log',
      `FROM audit_log, (SELECT id FROM users WHERE email = '${user.email}') u`,
    ),
  );
  expect(acts.map(({ action }) => action)).toEqual(['registered', 'logged_in', 'login_refused']);
  expect(acts.every(({ address }) => address === '127.0.0.1')).toBe(true);
  const { rows } = await owner.query(
    `SELECT query_to_xml('SELECT * FROM users', true, false, '')::text || query_to_xml('SELECT * FROM sessions', true, false, '')::text
       || query_to_xml('SELECT * FROM refresh_tokens', true, false, '')::text || query_to_xml('SELECT * FROM audit_log', true, false, '')::text AS all`,
  );
  for (const secret of [user.refresh_token, user.access_token, password, 'Wrong-Horse-1'])
    expect(rows[0].all).not.toContain(secret);
});

test('A1: what ended long ago is forgotten, and nothing else', async () => {
  const { pruneSessions } = await import('../src/identity/prune-sessions.ts');
  const kept = await newUser();
  const gone = await newUser();
  await owner.query(
    `UPDATE sessions SET expires_at = now() - interval '31 days' FROM users WHERE user_id = users.id AND email = $1`,
    [gone.email],
  );
  const sql = {
    rows: async () => [],
    run: async (text: string, values: readonly unknown[] = []) => (await owner.query(text, [...values])).rowCount ?? 0,
  };
  expect(await pruneSessions(sql)).toBeGreaterThanOrEqual(1);
  expect((await refresh(gone.refresh_token)).status).toBe(401);
  expect((await refresh(kept.refresh_token)).status).toBe(200);
});
