import pg from 'pg';

/** The rows of the audit views (schema `audit` of each database), joined in memory. Amounts are bigint minor units. */
export interface Books {
  accounts: { account_id: string; kind: string; currency: string; balance_minor: bigint; may_go_negative: boolean }[];
  entries: { tx_id: string; account_id: string; currency: string; amount_minor: bigint }[];
  operations: {
    op_id: string;
    kind: string;
    currency: string;
    amount_minor: bigint;
    status: string;
    terminal: boolean;
  }[];
  op_txs: { op_id: string; tx_id: string; effect: string }[];
  outbox: { service: string; message_id: string; published_at: Date | null }[];
  /** Cases that people look at, or that two of them have ended. `op_id` and `object_id`: what each is about, as far as it is known. */
  explaining_cases: { case_id: string; cause: string; op_id: string | null; object_id: string | null }[];
  provider: ProviderRow[];
}

/** Revio's own truth about one object, in the shape of the audit contract's `audit.provider`. */
export interface ProviderRow {
  object_id: string;
  kind: 'purchase' | 'payout' | 'refund';
  reference: string;
  currency: string;
  amount_minor: bigint;
  status: string;
}

type Views = Omit<Books, 'provider'>;

/**
 * What each database must show. A view that is missing (another database, a migration not run, a role that may not read it) would
 * leave its rows out, and books without rows break no rule.
 */
const viewsOf: Record<string, readonly (keyof Views)[]> = {
  gateway: ['outbox'],
  wallet: ['accounts', 'entries', 'op_txs', 'outbox'],
  payments: ['operations', 'outbox'],
  webhooks: ['outbox'],
  reconciler: ['outbox', 'explaining_cases'],
};

/**
 * Reads the books through the audit views of the given databases (service name → URL) in one REPEATABLE READ snapshot each. Takes no
 * locks, so it may look at a running system; sums over several databases are only meaningful when nothing is under way. Throws when
 * a database cannot be read or does not show what its service must (R5: an error never reads as zero).
 */
export async function readBooks(databases: Record<string, string>, provider: ProviderRow[]): Promise<Books> {
  const views = await Promise.all(Object.entries(databases).map(([service, url]) => readViews(service, url)));
  const all = <K extends keyof Views>(view: K): Views[K] => views.flatMap((v) => v[view] as unknown[]) as Views[K];
  return {
    accounts: all('accounts'),
    entries: all('entries'),
    operations: all('operations'),
    op_txs: all('op_txs'),
    outbox: all('outbox'),
    explaining_cases: all('explaining_cases'),
    provider,
  };
}

async function readViews(service: string, url: string): Promise<Views> {
  const expected = viewsOf[service];
  if (expected === undefined) throw new Error(`${service} is no service whose books are known`);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {
    // A connection that dies is told by the query that waits for it.
  });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const present = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'audit'`,
    );
    const names = new Set(present.rows.map((row) => row.name));
    const missing = expected.filter((view) => !names.has(view));
    if (missing.length > 0) throw new Error(`the database of ${service} shows no audit.${missing.join(', audit.')}`);
    const rows = async (view: string, columns: string): Promise<never[]> =>
      names.has(view) ? ((await client.query(`SELECT ${columns} FROM audit.${view}`)).rows.map(exact) as never[]) : [];
    return {
      accounts: await rows('accounts', 'account_id, kind, currency, balance_minor, may_go_negative'),
      entries: await rows('entries', 'tx_id, account_id, currency, amount_minor'),
      operations: await rows('operations', 'op_id, kind, currency, amount_minor, status, terminal'),
      op_txs: await rows('op_txs', 'op_id, tx_id, effect'),
      outbox: await rows('outbox', `'${service}' AS service, message_id, published_at`),
      explaining_cases: await rows('explaining_cases', 'case_id, cause, op_id, object_id'),
    };
  } finally {
    await client.end();
  }
}

/** bigint columns come as text or bigint, depending on the process's type parsers: here always bigint. */
const exact = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, name.endsWith('_minor') ? BigInt(String(value)) : value]),
  );
