import pg from 'pg';
import { open, type SealingKeys, seal } from '#libs/sealed';
import { detailsPlace, emailPlace } from '../../services/payments/src/sealed-details.ts';

/** Some milliseconds of locks at a time, so that the service works on beside it. */
const pageMax = 500;

/** What payments keeps sealed: the column, and the place that each value is bound to. */
const sealedColumns = [
  { table: 'bank_accounts', column: 'details_sealed', idType: 'uuid', place: detailsPlace },
  { table: 'transactions', column: 'email_sealed', idType: 'text', place: emailPlace },
] as const;

interface Row {
  id: string;
  userId: string;
  sealed: string;
}

export interface Resealed {
  table: string;
  count: number;
}

/**
 * Seals with the current key whatever another one sealed (A8), as the owner of the payments database: the service itself may not
 * change what it has sealed. May run beside the service, be stopped and be repeated; what opens with no key that is given stops it, and
 * nothing of that page is changed. When it has found nothing left, the old keys can be dropped.
 */
export async function reseal(ownerUrl: string, keys: SealingKeys): Promise<Resealed[]> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'reseal' });
  await client.connect();
  try {
    const done: Resealed[] = [];
    for (const column of sealedColumns)
      done.push({ table: column.table, count: await resealColumn(client, keys, column) });
    return done;
  } finally {
    await client.end();
  }
}

async function resealColumn(
  client: pg.Client,
  keys: SealingKeys,
  { table, column, idType, place }: (typeof sealedColumns)[number],
): Promise<number> {
  const look = `SELECT id, user_id AS "userId", ${column} AS sealed FROM ${table}
    WHERE id > $1::${idType} AND ${column} IS NOT NULL AND NOT starts_with(${column}, $2) ORDER BY id LIMIT ${pageMax}`;
  // Only what is still as it was read: a row that somebody changed meanwhile was sealed with the current key.
  const write = `UPDATE ${table} SET ${column} = fresh.sealed
    FROM unnest($1::${idType}[], $2::text[], $3::text[]) AS fresh (id, old, sealed)
    WHERE ${table}.id = fresh.id AND ${table}.${column} = fresh.old`;
  let count = 0;
  let after = idType === 'uuid' ? '00000000-0000-0000-0000-000000000000' : '';
  for (;;) {
    const { rows } = await client.query<Row>(look, [after, `v1.${keys.current}.`]);
    const last = rows.at(-1);
    if (last === undefined) return count;
    const fresh = rows.map((row) => seal(keys, open(keys, row.sealed, place(row)), place(row)));
    const values = [rows.map(({ id }) => id), rows.map(({ sealed }) => sealed), fresh];
    count += (await client.query(write, values)).rowCount ?? 0;
    after = last.id;
  }
}
