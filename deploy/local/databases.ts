import pg from 'pg';

/** The order of the lists that people see. */
export const serviceNames = ['gateway', 'wallet', 'payments', 'webhooks', 'reconciler'] as const;
export type Service = (typeof serviceNames)[number];

/** Any number, the same in every release: roles belong to the whole server, and two that change one at a time fail. */
const ROLES_LOCK = 5_202_611_221;

export type ServiceDatabase = {
  database: string;
  /** The administrator in this database. */
  adminUrl: string;
  /** The administrator, acting as the database's owner: what migrations run as. */
  ownerUrl: string;
  /** The service's own role: it may connect to this database only, and do in it what the migrations grant. */
  serviceUrl: string;
};

type Wanted = {
  service: Service;
  /** Of the role `<service>_service`, which is the whole server's: the same for all databases of a service. */
  password: string;
  /** `piggybank_<service>` unless given; a test file gives a name of its own. */
  database?: string;
  /** A database to copy, which nobody may be connected to meanwhile. */
  template?: string;
  /** Of the role that only reads (`readers`), which cannot log in unless it is given. */
  readerPassword?: string;
};

/** Whose history can be read from a replica: the role may read what the migrations grant it, and write nothing. */
const readers: Partial<Record<Service, string>> = { payments: 'payments_history' };

/**
 * Creates what is missing of a service's database and of its two roles, as often as you like: `<service>_owner` (cannot log in; the
 * administrator takes it on to migrate) and `<service>_service` (what the service logs in as). `adminUrl` must be allowed to create
 * databases and roles. Safe to run at the same time as itself.
 */
export async function createServiceDatabase(adminUrl: string, wanted: Wanted): Promise<ServiceDatabase> {
  const { service, database = `piggybank_${service}` } = wanted;
  const admin = new pg.Client({ connectionString: adminUrl, application_name: 'create-databases' });
  await admin.connect();
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [ROLES_LOCK]);
    await createRoles(admin, wanted);
    await createDatabase(admin, service, database, wanted.template);
  } finally {
    await admin.end();
  }
  const login = { user: `${service}_service`, password: wanted.password };
  return {
    database,
    adminUrl: urlOf(adminUrl, { database }),
    ownerUrl: urlOf(adminUrl, { database, options: `-c role=${service}_owner` }),
    serviceUrl: urlOf(adminUrl, { database, ...login }),
  };
}

async function createRoles(admin: pg.Client, { service, password, readerPassword }: Wanted): Promise<void> {
  const reader = readers[service];
  const { rows } = await admin.query<{ rolname: string }>('SELECT rolname FROM pg_roles WHERE rolname = ANY($1)', [
    [`${service}_owner`, `${service}_service`, reader],
  ]);
  const exists = (name: string) => rows.some((row) => row.rolname === name);
  if (!exists(`${service}_owner`)) await admin.query(`CREATE ROLE ${service}_owner NOLOGIN`);
  // An administrator that is no superuser (a managed server's) must be a member to create objects as the owner.
  await admin.query(`GRANT ${service}_owner TO CURRENT_USER`);
  const login = `${service}_service LOGIN PASSWORD ${admin.escapeLiteral(password)}`;
  await admin.query(`${exists(`${service}_service`) ? 'ALTER' : 'CREATE'} ROLE ${login}`);
  if (reader === undefined) return;
  if (!exists(reader)) await admin.query(`CREATE ROLE ${reader} NOLOGIN`);
  if (readerPassword !== undefined)
    await admin.query(`ALTER ROLE ${reader} LOGIN PASSWORD ${admin.escapeLiteral(readerPassword)}`);
}

async function createDatabase(admin: pg.Client, service: Service, database: string, template?: string): Promise<void> {
  const name = admin.escapeIdentifier(database);
  const { rows } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
  if (rows.length === 0) {
    const copied = template === undefined ? '' : `TEMPLATE ${admin.escapeIdentifier(template)}`;
    await admin.query(`CREATE DATABASE ${name} OWNER ${service}_owner ${copied}`);
  }
  // Everybody may connect to a new database until told otherwise; a template's own grants are not copied.
  await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  const roles = [`${service}_service`, readers[service]].filter((role) => role !== undefined);
  await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${roles.join(', ')}`);
}

function urlOf(
  adminUrl: string,
  change: { database: string; user?: string; password?: string; options?: string },
): string {
  const url = new URL(adminUrl);
  url.pathname = `/${change.database}`;
  if (change.user !== undefined) url.username = change.user;
  if (change.password !== undefined) url.password = encodeURIComponent(change.password);
  if (change.options !== undefined) url.searchParams.set('options', change.options);
  return url.href;
}
