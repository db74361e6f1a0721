import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Envelope, envelope } from '#libs/contracts';
import { over, type Transact } from '#libs/db';
import { createLogger, systemClock } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { type AuditedAct, type AuditTx, postgresAudit } from '../src/audit/audit-log.ts';
import { auditHandlers } from '../src/audit/keep-acts.ts';
import { auditQuery, readAudit } from '../src/audit/read-audit.ts';
import { verifyAudit } from '../src/audit/verify-audit.ts';
import { exposeAudit, watchAudit } from '../src/audit/watch-audit.ts';
import { openDatabase } from './database.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
let transact: Transact<AuditTx>;

beforeEach(async () => {
  database = await openDatabase();
  transact = over(database.db, postgresAudit);
});
afterEach(() => database?.close());

const act = (change: Partial<AuditedAct> = {}): AuditedAct => ({
  source: 'gateway',
  actId: randomUUID(),
  actedAt: new Date('2026-01-01T08:00:00.123Z'),
  actorId: randomUUID(),
  action: 'logged_in',
  about: randomUUID(),
  address: '198.51.100.7',
  requestId: 'request-0001',
  ...change,
});
const append = (change?: Partial<AuditedAct>) => transact((tx) => tx.appendAudit(act(change)));
const read = (query: Record<string, string> = {}) => readAudit(database.db.read, auditQuery.parse(query));
const verify = (known?: { seq: bigint; hash: string }) => verifyAudit(database.db.read, { known });

test('A7: a hundred acts at once are one chain without a gap, and each is what was written', async () => {
  const acts = Array.from({ length: 100 }, (_, i) => act({ about: i % 2 === 0 ? null : `thing-${i}` }));
  await Promise.all(acts.map((one) => transact((tx) => tx.appendAudit(one))));
  expect(await verify()).toEqual({ ok: true, head: { seq: 100n, hash: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  const { data } = await read({ limit: '100' });
  expect(data.map(({ act_id }) => act_id).sort()).toEqual(acts.map(({ actId }) => actId).sort());
  expect(data.find(({ act_id }) => act_id === acts[1]?.actId)).toMatchObject({
    source: 'gateway',
    acted_at: '2026-01-01T08:00:00.123Z',
    actor_id: acts[1]?.actorId,
    action: 'logged_in',
    about: 'thing-1',
    address: '198.51.100.7',
    request_id: 'request-0001',
  });
});

test('A7: an act that is rolled back leaves neither a row nor a gap', async () => {
  await append();
  await transact(async (tx) => {
    await tx.appendAudit(act());
    throw new Error('not after all');
  }).catch(() => {});
  await append();
  expect(await verify()).toMatchObject({ ok: true, head: { seq: 2n } });
});

test.each([
  ['changed', `UPDATE audit_log SET actor_id = '${randomUUID()}' WHERE seq = 3`, 3n, /changed/],
  ['moved in time', `UPDATE audit_log SET acted_at = acted_at - interval '1 microsecond' WHERE seq = 4`, 4n, /changed/],
  ['deleted', 'DELETE FROM audit_log WHERE seq = 2', 2n, /missing/],
  ['given a fitting hash', `UPDATE audit_log SET hash = sha256('x') WHERE seq = 5`, 5n, /changed/],
  ['swapped', 'UPDATE audit_log SET seq = CASE seq WHEN 6 THEN 60 ELSE seq END', 6n, /missing/],
])('A7: a row that was %s by the database’s owner is named', async (_how, statement, seq, because) => {
  for (let i = 0; i < 8; i++) await append();
  await database.owner.read.run(statement);
  expect(await verify()).toEqual({ ok: false, seq, because: expect.stringMatching(because) });
});

test('A7: an end that was cut off, or a chain written anew, is seen by whoever noted a head', async () => {
  for (let i = 0; i < 3; i++) await append();
  const noted = await verify();
  if (!noted.ok) throw new Error('the chain is broken');
  await append();
  expect(await verify(noted.head)).toMatchObject({ ok: true, head: { seq: 4n } });
  await database.owner.read.run('DELETE FROM audit_log WHERE seq > 2');
  expect(await verify()).toMatchObject({ ok: true });
  expect(await verify(noted.head)).toMatchObject({ ok: false, seq: 3n });
  await append();
  expect(await verify(noted.head)).toMatchObject({ ok: false, seq: 3n, because: 'it is not the row that was noted' });
});

test('A7 A9: the service can neither write, change nor delete a row but by appending', async () => {
  await append();
  for (const statement of [
    `UPDATE audit_log SET action = 'x'`,
    'DELETE FROM audit_log',
    'TRUNCATE audit_log',
    `INSERT INTO audit_log SELECT seq + 1, recorded_at, acted_at, source, gen_random_uuid(), actor_id, action, about, address, request_id, hash, hash FROM audit_log`,
    'ALTER TABLE audit_log DISABLE TRIGGER ALL',
    `CREATE OR REPLACE FUNCTION append_audit() RETURNS void LANGUAGE sql AS ''`,
  ])
    await expect(database.db.read.run(statement)).rejects.toThrow(/permission denied|must be owner/);
});

test('A7: a replica that hangs between its append and its COMMIT holds a login up for two seconds, not for ever', async () => {
  let go = () => {};
  const hanging = transact(async (tx) => {
    await tx.appendAudit(act());
    await new Promise<void>((resolve) => {
      go = resolve;
    });
  });
  await expect(append()).rejects.toThrow('the audit log is locked');
  go();
  await hanging;
  await append();
  expect(await verify()).toMatchObject({ ok: true, head: { seq: 2n } });
});

const audited = (source: 'wallet' | 'payments' | 'reconciler', actId: string): Envelope =>
  envelope(
    source,
    `${source}.audited.v1`,
    { act_id: actId, actor_id: randomUUID(), action: 'wallet_frozen', about: 'thing-1' },
    { id: randomUUID(), time: new Date('2026-02-03T04:05:06.789Z') },
  );

test.each(['wallet', 'payments', 'reconciler'] as const)(
  'A7 F7: an admin act of %s is one row, however often it is told',
  async (source) => {
    const handle = auditHandlers({ transact })[`${source}.audited.v1`] as (event: unknown) => Promise<void>;
    const actId = randomUUID();
    await Promise.all(Array.from({ length: 5 }, () => handle({ ...audited(source, actId), attempt: 1 })));
    const { data } = await read();
    expect(data).toMatchObject([
      { source, act_id: actId, action: 'wallet_frozen', about: 'thing-1', acted_at: '2026-02-03T04:05:06.789Z' },
    ]);
    expect(await verify()).toMatchObject({ ok: true, head: { seq: 1n } });
  },
);

test('A7: the log is searched by who, what, about what and when, and paged while it grows', async () => {
  const [actorId, about] = [randomUUID(), 'thing-7'];
  for (let i = 0; i < 5; i++) await append({ actorId });
  await append({ about, action: 'login_refused' });
  const first = await read({ actor_id: actorId, limit: '2' });
  await append({ actorId });
  const second = await read({ actor_id: actorId, limit: '2', cursor: String(first.next_cursor) });
  const third = await read({ actor_id: actorId, limit: '2', cursor: String(second.next_cursor) });
  expect([first, second, third].flatMap(({ data }) => data.map(({ seq }) => seq))).toEqual(['5', '4', '3', '2', '1']);
  expect(third.next_cursor).toBeNull();
  expect((await read({ about })).data).toHaveLength(1);
  expect((await read({ action: 'login_refused', source: 'gateway' })).data).toHaveLength(1);
  expect((await read({ source: 'wallet' })).data).toEqual([]);
  expect((await read({ from: '2999-01-01T00:00:00Z' })).data).toEqual([]);
  expect((await read({ to: '2999-01-01T00:00:00Z', limit: '100' })).data).toHaveLength(7);
});

/** A replica's watch, and what its metrics say: by name, without those that are absent. */
function watch() {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const watching = watchAudit({
    read: database.db.read,
    clock: systemClock,
    logger,
    holder: randomUUID(),
    intervalMs: 60_000,
    fullEvery: 100,
  });
  const metrics = createMetrics('gateway');
  exposeAudit(metrics, watching.last);
  const look = async () => {
    await watching.runOnce();
    const { text } = await metrics.render();
    return Object.fromEntries(
      [...text.matchAll(/^(audit_\w+)\{[^}]*\} (\d+)/gm)].map(([, name, value]) => [name, Number(value)]),
    );
  };
  return { look };
}

test('A7 O3: the chain is watched: its length is told, and a row that is changed or cut off, but never what is not known', async () => {
  await append();
  const { look } = watch();
  const at = expect.any(Number);
  expect(await look()).toEqual({ audit_chain_broken: 0, audit_chain_rows: 1, audit_check_timestamp_seconds: at });
  for (let i = 0; i < 3; i++) await append();
  expect(await look()).toMatchObject({ audit_chain_broken: 0, audit_chain_rows: 4 });
  expect(await watch().look()).toEqual({}); // another replica, which does not check

  await database.owner.read.run('DELETE FROM audit_log WHERE seq = 4');
  expect(await look()).toEqual({ audit_chain_broken: 1, audit_check_timestamp_seconds: at });
  await append(); // another row in its place
  expect(await look()).toMatchObject({ audit_chain_broken: 1 });
});

test('A7 O3: an old row that was changed is seen at the next whole look, and its repair at the one after', async () => {
  for (let i = 0; i < 3; i++) await append({ action: 'logged_in' });
  await database.owner.read.run(`UPDATE audit_log SET action = 'logged_out' WHERE seq = 2`);
  const { look } = watch();
  expect(await look()).toMatchObject({ audit_chain_broken: 1 });
  await database.owner.read.run(`UPDATE audit_log SET action = 'logged_in' WHERE seq = 2`);
  expect(await look()).toMatchObject({ audit_chain_broken: 0, audit_chain_rows: 3 });
});
