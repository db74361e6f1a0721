import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import type { Service } from '../deploy/local/databases.ts';
import { type Answer, type Client, call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** W8 over the whole system: what no service can process comes to people, who put it back; an outage comes to nobody. */

/** Longer than all waits between the tries together: were attempts counted in an outage, messages would be dead by its end. */
const outageMs = Number(process.env['OUTAGE_MS'] ?? 4_000);
const healTimeoutMs = 60_000;

let system: System;
let admin: Staff;
let support: Staff;

type Staff = (method: string, path: string, json?: unknown) => Promise<Answer>;

beforeAll(async () => {
  system = await startSystem({
    farDatabases: ['wallet', 'reconciler'],
    env: { MESSAGE_DELAYS_MS: '100,200,1500' },
    settings: { reconciler: { REPLAY_INTERVAL_MS: '200' } },
  });
  [admin, support] = await Promise.all([staff('admin'), staff('support')]);
});
afterEach(() => system.assertPromises());
afterAll(() => system?.close());

async function staff(role: 'support' | 'admin'): Promise<Staff> {
  const { email } = await system.signUp();
  expect(await grantRole(system.databases.gateway.ownerUrl, email, role)).toBe(true);
  const login = `${system.gatewayUrl}/api/v1/auth/login`;
  const { body } = expectStatus(await call('POST', login, { email, password: 'Correct-Horse-1' }), 200);
  return (method, path, json) =>
    call(method, `${system.gatewayUrl}/api/v1/admin${path}`, json, { authorization: `Bearer ${body.access_token}` });
}

/** Makes every insert into `table` fail that is about this transaction; undone by what it returns. */
async function poison(service: Service, table: string, transactionId: string): Promise<() => Promise<void>> {
  const run = async (sql: string): Promise<void> => {
    const owner = new pg.Client({ connectionString: system.databases[service].ownerUrl });
    await owner.connect();
    await owner.query(sql).finally(() => owner.end());
  };
  await run(`
    CREATE FUNCTION fail_on_purpose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
    CREATE TRIGGER poison BEFORE INSERT ON ${table} FOR EACH ROW WHEN (NEW.transaction_id = '${transactionId}')
      EXECUTE FUNCTION fail_on_purpose()`);
  return () => run(`DROP TRIGGER poison ON ${table}; DROP FUNCTION fail_on_purpose()`);
}

const deposit = async (client: Client, amount: string): Promise<string> =>
  expectStatus(await client.deposit(amount), 201).body.id;
const pay = (reference: string) => system.simulator.control.pay({ reference });
const completed = (client: Client, id: string) =>
  poll(async () => (await client.transaction(id)).body.status === 'completed', { timeoutMs: healTimeoutMs });

const open = async (queue: Service) =>
  expectStatus(await support('GET', `/dead-letters?state=open&queue=${queue}`), 200).body.data as {
    id: string;
    correlation_id: string;
    type: string;
  }[];
const openAbout = (queue: Service, transactionId: string) =>
  poll(async () => (await open(queue)).find(({ correlation_id }) => correlation_id === transactionId), {
    timeoutMs: healTimeoutMs,
  });
/** The job, once it is over. */
const replayed = async (id: string) => {
  const job = expectStatus(await admin('POST', `/dead-letters/${id}/replay`, {}), 202).body;
  return poll(async () => {
    const { body } = await support('GET', `/dead-letter-replays/${job.id}`);
    return body.state === 'done' ? body : undefined;
  });
};

test('W8 M6 F7: a poison verdict is dead-lettered while others flow; replayed by an admin it credits once, however often', async () => {
  const client = await system.signUp();
  const id = await deposit(client, '30.00');
  const heal = await poison('wallet', 'postings', id);
  pay(id);
  const other = await deposit(client, '5.00');
  pay(other);
  await completed(client, other);
  const letter = await openAbout('wallet', id);
  expect((await client.transaction(id)).body.status).toBe('pending');

  const whole = expectStatus(await support('GET', `/dead-letters/${letter.id}`), 200).body;
  expect(whole).toMatchObject({
    queue: 'wallet',
    type: 'reconciler.deposit-settled.v1',
    state: 'open',
    attempts: 4,
    deaths: 1,
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    headers: { 'x-attempt': 4 },
    payload: { data: { transaction_id: id, amount_minor: '3000' } },
    history: [{ attempts: 4 }],
  });
  expect(whole.reason).toMatch(/P0001/);
  expect((await support('GET', '/dead-letter-groups?queue=wallet')).body.data).toMatchObject([
    { queue: 'wallet', type: 'reconciler.deposit-settled.v1', reason: whole.reason, count: 1 },
  ]);

  const dryRun = (path: string, json: object) => admin('POST', path, { ...json, dry_run: true });
  expect((await dryRun(`/dead-letters/${letter.id}/replay`, {})).body.data).toMatchObject([
    { effect: 'handled', detail: 'would be handled by wallet as reconciler.deposit-settled.v1' },
  ]);
  await heal();
  expect(await replayed(letter.id)).toMatchObject({ total: 1, done: 1, failed: 0 });
  await completed(client, id);
  expect((await client.balance()).available).toBe('35.00');

  expect((await dryRun('/dead-letter-replays', { ids: [letter.id] })).body.data).toMatchObject([
    { effect: 'none', detail: 'already applied: none' },
  ]);
  expect(await replayed(letter.id)).toMatchObject({ done: 1 });
  await system.assertPromises();
  expect((await client.balance()).available).toBe('35.00');
  expect(await open('wallet')).toEqual([]);
  expect((await admin('POST', `/dead-letters/${letter.id}/discard`, { reason: 'late' })).body.code).toBe(
    'dead_letter_not_open',
  );
});

test('W5 W8: a delivery on which the reconciler fails is seen retrying, then dead-lettered, and completed by a replay', async () => {
  const client = await system.signUp();
  const id = await deposit(client, '12.00');
  const heal = await poison('reconciler', 'verdicts', id);
  pay(id);
  const [purchase] = system.simulator.control.objects({ reference: id });
  const deliveryIs = (state: string) =>
    poll(
      async () => {
        const { body } = await support('GET', `/deliveries?object_id=${purchase?.['id']}`);
        return body.data.find((each: { state: string }) => each.state === state);
      },
      { timeoutMs: healTimeoutMs },
    );
  expect(await deliveryIs('retrying')).toMatchObject({ reason: expect.stringMatching(/p0001/) });
  const { id: deliveryId } = await deliveryIs('dead_lettered');
  const letter = await poll(async () => (await open('reconciler'))[0]);
  await heal();
  expect(await replayed(letter.id)).toMatchObject({ done: 1 });
  await completed(client, id);
  expect(await deliveryIs('completed')).toMatchObject({ id: deliveryId, transaction_id: id });
});

test.each<Service>(['wallet', 'reconciler'])(
  'F6 F2: with the database of the %s gone for longer than all tries, nothing is dead-lettered, and all ends when it is back',
  async (service) => {
    const client = await system.signUp();
    const ids = await Promise.all(Array.from({ length: 6 }, () => deposit(client, '2.00')));
    await system.toDatabase[service]?.down();
    const since = performance.now();
    for (const id of ids) pay(id);
    await system.simulator.control.settled();
    await poll(() => performance.now() - since > outageMs, { timeoutMs: outageMs + 10_000 });
    for (const id of ids) expect((await client.transaction(id)).body.status).toBe('pending');
    await system.toDatabase[service]?.up();
    for (const id of ids) await completed(client, id);
    expect((await client.balance()).available).toBe('12.00');
    const { body } = expectStatus(await support('GET', '/dead-letter-groups'), 200);
    expect(body.data).toEqual([]);
    await system.assertPromises();
  },
  120_000 + outageMs,
);

test('A3 W8: support looks and does not touch; a user does neither; what is misspelt or names everything is refused', async () => {
  const client = await system.signUp();
  const unknown = '0b7b5c1e-3f64-4d7e-8d5b-7a5d0f2e4c33';
  const acts: [string, object][] = [
    [`/dead-letters/${unknown}/replay`, {}],
    [`/dead-letters/${unknown}/discard`, { reason: 'x' }],
    ['/dead-letter-replays', { queue: 'wallet' }],
    [`/dead-letter-replays/${unknown}/cancel`, {}],
  ];
  for (const [path, json] of acts) {
    expect((await support('POST', path, json)).status).toBe(403);
    expect((await client.call('POST', `/admin${path}`, json)).status).toBe(403);
    expect((await admin('POST', path, json)).body.code).toBe(
      path === '/dead-letter-replays' ? 'nothing_to_replay' : 'not_found',
    );
  }
  const looks = [
    '/dead-letters',
    '/dead-letter-groups',
    `/dead-letters/${unknown}`,
    '/dead-letter-replays',
    `/dead-letter-replays/${unknown}`,
  ];
  for (const path of looks) {
    expect((await client.call('GET', `/admin${path}`)).status).toBe(403);
    expect((await support('GET', path)).status).toBe(path.includes(unknown) ? 404 : 200);
  }
  for (const json of [
    {},
    { dry_run: true },
    { ids: [], dry_run: true },
    { ids: [unknown], queue: 'wallet' },
    { queu: 'wallet' },
  ])
    expect((await admin('POST', '/dead-letter-replays', json)).status).toBe(422);
  expect((await admin('POST', `/dead-letters/${unknown}/discard`, {})).status).toBe(422);
  for (const query of ['stat=open', 'state=buried', 'cursor=x', 'limit=0', 'reason=a%00b'])
    expect((await support('GET', `/dead-letters?${query}`)).status).toBeGreaterThanOrEqual(400);
  expect((await support('GET', '/dead-letters/not-an-id')).status).toBe(404);
});
