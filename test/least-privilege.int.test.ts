import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { serviceNames } from '#libs/contracts';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import type { Service } from '../deploy/local/databases.ts';

/**
 * Issue 4 §3.7, A9: whoever takes over a service has its database role, and with it no more than the service needs: no structure, no other
 * database, no way up, and no change of what has happened.
 */
let databases: Record<Service, FreshDatabase>;

beforeAll(async () => {
  const made = await Promise.all(serviceNames.map(async (service) => [service, await freshDatabase(service)] as const));
  databases = Object.fromEntries(made) as typeof databases;
});
afterAll(() => Promise.all(Object.values(databases ?? {}).map((database) => database.close())));

async function query<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return (await client.query<Row>(text, values).finally(() => client.end())).rows;
}

const insufficientPrivilege = '42501';
/** The statements that were not refused for want of a right, with what became of them. */
async function allowedAmong(url: string, statements: readonly string[]): Promise<string[]> {
  const allowed: string[] = [];
  for (const statement of statements) {
    const outcome = await query(url, statement).then(
      () => 'was done',
      (error: { code?: string; message: string }) =>
        error.code === insufficientPrivilege ? undefined : `${error.code} ${error.message}`,
    );
    if (outcome !== undefined) allowed.push(`${statement}: ${outcome}`);
  }
  return allowed;
}

/** What has happened, was decided or was promised: nobody changes which it is or takes it away. */
const histories: Record<Service, readonly string[]> = {
  gateway: ['audit_log', 'users', 'outbox', 'inbox', 'migrations'],
  wallet: ['entries', 'postings', 'wallets', 'holds', 'freezes', 'acts', 'outbox', 'inbox', 'migrations'],
  payments: [
    'transactions',
    'timeline',
    'idempotency_keys',
    'payouts',
    'bank_accounts',
    'acts',
    'freezes',
    'outbox',
    'inbox',
    'migrations',
  ],
  webhooks: ['webhook_logs', 'outbox', 'inbox', 'migrations'],
  reconciler: [
    'verdicts',
    'proposals',
    'cases',
    'acts',
    'dead_letters',
    'deaths',
    'statements',
    'reports',
    'report_items',
  ].concat(['provider_movements', 'replay_jobs', 'outbox', 'inbox', 'migrations']),
};

/** What can be made to fit afterwards, column by column. */
const facts: Record<Service, readonly string[]> = {
  gateway: [
    `UPDATE users SET role = 'admin'`,
    'UPDATE users SET email = email',
    'UPDATE sessions SET user_id = user_id',
    'UPDATE refresh_tokens SET expires_at = expires_at',
    `INSERT INTO audit_log SELECT * FROM audit_log`,
    'UPDATE audit_log SET hash = hash',
  ],
  wallet: [
    'UPDATE entries SET amount_minor = 1',
    'UPDATE postings SET amount_minor = 1',
    'UPDATE wallets SET user_id = user_id',
    'UPDATE holds SET amount_minor = 1',
    'UPDATE freezes SET reason = reason',
  ],
  payments: [
    'UPDATE transactions SET amount_minor = 1',
    'UPDATE transactions SET user_id = user_id',
    'UPDATE timeline SET at = now()',
    'UPDATE idempotency_keys SET input_hash = input_hash',
    'UPDATE payouts SET execution_url = execution_url',
    'UPDATE bank_accounts SET details_sealed = details_sealed',
  ],
  webhooks: [
    'UPDATE webhook_logs SET payload = payload',
    'UPDATE webhook_logs SET delivery_key = delivery_key',
    'UPDATE webhook_logs SET received_at = received_at',
  ],
  reconciler: [
    'UPDATE verdicts SET outcome = outcome',
    'UPDATE proposals SET proposed_by = proposed_by',
    'UPDATE proposals SET content = content',
    'UPDATE dead_letters SET content = content',
    'UPDATE reports SET totals = totals',
  ],
};

/** As the server has it, whatever the service is. `table` is one of its own. */
const forbidden = (service: Service, table: string): string[] => [
  'CREATE TABLE mine ()',
  'CREATE TEMP TABLE mine ()',
  `ALTER TABLE ${table} ADD COLUMN mine text`,
  `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
  `ALTER TABLE ${table} OWNER TO ${service}_service`,
  `DROP TABLE ${table} CASCADE`,
  `CREATE INDEX ON ${table} ((1))`,
  `CREATE RULE mine AS ON UPDATE TO ${table} DO INSTEAD NOTHING`,
  `CREATE POLICY mine ON ${table} USING (true)`,
  `BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
  'CREATE SCHEMA mine',
  'CREATE VIEW mine AS SELECT 1',
  `CREATE FUNCTION mine() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT'`,
  'CREATE DATABASE mine',
  'CREATE ROLE mine',
  'CREATE PUBLICATION mine',
  `SET ROLE ${service}_owner`,
  'SET ROLE postgres',
  'SET SESSION AUTHORIZATION postgres',
  `ALTER ROLE ${service}_service SUPERUSER`,
  `ALTER ROLE ${service}_owner LOGIN`,
  `GRANT ${service}_owner TO ${service}_service`,
  `COPY ${table} TO PROGRAM 'cat'`,
  `COPY ${table} FROM PROGRAM 'true'`,
  `COPY ${table} TO '/tmp/mine'`,
  'SELECT * FROM pg_authid',
  `SELECT pg_read_file('/etc/passwd')`,
  `SELECT pg_ls_dir('.')`,
  `SELECT lo_import('/etc/passwd')`,
  'ALTER SYSTEM SET fsync = off',
  'SET session_replication_role = replica',
  'SET log_statement = none',
  'CHECKPOINT',
  `SELECT pg_create_logical_replication_slot('mine', 'pgoutput')`,
];

test.each(serviceNames)(
  'A9: %s may change no structure, rise to no other role, and reach no file or program',
  async (service) => {
    const [table = ''] = histories[service];
    const statements = forbidden(service, table);
    expect(statements.length).toBeGreaterThan(12);
    expect(await allowedAmong(databases[service].url, statements)).toEqual([]);
  },
);

test.each(serviceNames)('A9: %s reaches no database but its own', async (service) => {
  const others = serviceNames.filter((each) => each !== service).map((each) => new URL(databases[each].url).pathname);
  for (const pathname of others) {
    const url = Object.assign(new URL(databases[service].url), { pathname });
    await expect(query(url.href, 'SELECT 1'), pathname).rejects.toMatchObject({ code: insufficientPrivilege });
  }
});

test.each(serviceNames)('A9 M5 A7: %s can neither take away nor rewrite what has happened', async (service) => {
  const keyed = await query<{ table: string; key: string }>(
    databases[service].ownerUrl,
    `SELECT DISTINCT ON (relname) relname AS table, attname AS key FROM pg_class
     JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
     WHERE relname = ANY($1) AND relnamespace = 'public'::regnamespace ORDER BY relname, attnum`,
    [histories[service]],
  );
  expect(keyed.map(({ table }) => table).sort()).toEqual([...histories[service]].sort());
  const statements = keyed.flatMap(({ table, key }) => [
    `DELETE FROM ${table}`,
    `TRUNCATE ${table} CASCADE`,
    `UPDATE ${table} SET ${key} = ${key}`,
    `BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`,
  ]);
  expect(await allowedAmong(databases[service].url, [...statements, ...facts[service]])).toEqual([]);
});

test.each(serviceNames)(
  'A9: the role of %s owns nothing, belongs to nobody and has no right of a whole table but to read and write rows',
  async (service) => {
    const url = databases[service].ownerUrl;
    const role = `${service}_service`;
    const [attributes] = await query(
      url,
      `SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS high FROM pg_roles WHERE rolname = $1`,
      [role],
    );
    expect(attributes).toEqual({ high: false });
    expect(await query(url, 'SELECT roleid FROM pg_auth_members WHERE member = $1::regrole', [role])).toEqual([]);
    expect(
      await query(url, `SELECT classid FROM pg_shdepend WHERE refobjid = $1::regrole AND deptype = 'o'`, [role]),
    ).toEqual([]);
    // PostgreSQL refuses this with a mere warning.
    for (const table of histories[service]) await query(databases[service].url, `GRANT ALL ON ${table} TO ${role}`);
    const more = await query(
      url,
      `SELECT relname, held FROM pg_class CROSS JOIN unnest('{TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}'::text[]) held
     WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
       AND has_table_privilege($1, pg_class.oid, held)`,
      [role],
    );
    expect(more).toEqual([]);
  },
);

test('A9: the superuser of the test may do what is refused above, so that it is refused for want of a right', async () => {
  expect(await allowedAmong(inject('pgUrl'), ['SELECT * FROM pg_authid', 'CREATE TEMP TABLE mine ()'])).toHaveLength(2);
});
