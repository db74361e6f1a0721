import pg from 'pg';
import { expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { parseSealingKeys, type SealingKeys } from '#libs/sealed';
import { freshDatabase } from '#libs/testing';
import { openDetails, openEmail, sealDetails, sealEmail } from '../../services/payments/src/sealed-details.ts';
import { reseal } from './reseal.ts';

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const before = parseSealingKeys(`a:${key(1)}`);
const rotating = parseSealingKeys(`b:${key(2)},a:${key(1)}`);
const after = parseSealingKeys(`b:${key(2)}`);
const details = { accountNumber: '62000000001', holder: 'T Mokoena' };
/** More than a page. */
const rows = 600;

async function openDatabase() {
  const database = await freshDatabase('payments');
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  const add = async (keys: SealingKeys, n: number) => {
    const account = { id: newUuid(), userId: newUuid() };
    const transaction = { id: `wd_${String(n).padStart(26, '0')}`, userId: account.userId };
    await client.query(
      `INSERT INTO bank_accounts (id, user_id, bank_code, details_sealed, created_at) VALUES ($1, $2, '250655', $3, now())`,
      [account.id, account.userId, sealDetails(keys, account, details)],
    );
    await client.query(
      `INSERT INTO transactions (id, user_id, kind, status, amount_minor, currency, email_sealed, attempts, created_at, updated_at)
       VALUES ($1, $2, 'withdrawal', 'completed', 1, 'ZAR', $3, 0, now(), now())`,
      [transaction.id, transaction.userId, sealEmail(keys, transaction, 'user@example.com')],
    );
    return { account, transaction };
  };
  const read = async () => ({
    accounts: (
      await client.query(
        'SELECT id, user_id AS "userId", details_sealed AS "detailsSealed" FROM bank_accounts ORDER BY id',
      )
    ).rows,
    transactions: (
      await client.query('SELECT id, user_id AS "userId", email_sealed AS "emailSealed" FROM transactions ORDER BY id')
    ).rows,
  });
  const close = async () => {
    await client.end();
    await database.close();
  };
  return { ...database, client, add, read, close };
}

test('A8: after a rotation every value opens with the new key alone, and a second run finds nothing', async () => {
  const db = await openDatabase();
  for (let n = 0; n < rows; n += 1) await db.add(n % 3 === 0 ? rotating : before, n);
  const current = (await db.read()).accounts.filter(({ detailsSealed }) => detailsSealed.startsWith('v1.b.'));
  const old = rows - rows / 3;
  expect(await reseal(db.ownerUrl, rotating)).toEqual([
    { table: 'bank_accounts', count: old },
    { table: 'transactions', count: old },
  ]);
  const { accounts, transactions } = await db.read();
  for (const row of accounts) expect(openDetails(after, row)).toEqual(details);
  for (const row of transactions) expect(openEmail(after, row)).toBe('user@example.com');
  expect(accounts, 'what the current key sealed stays as it is').toEqual(expect.arrayContaining(current));
  expect((await reseal(db.ownerUrl, rotating)).map(({ count }) => count)).toEqual([0, 0]);
  await db.close();
});

test('A8 M10: a value that was moved to another row or owner does not open, and is not made to', async () => {
  const db = await openDatabase();
  const [one, other] = [await db.add(before, 1), await db.add(before, 2)];
  await db.client.query(
    `UPDATE bank_accounts SET details_sealed = (SELECT details_sealed FROM bank_accounts WHERE id = $1) WHERE id = $2`,
    [one.account.id, other.account.id],
  );
  const moved = (await db.read()).accounts.find(({ id }) => id === other.account.id);
  expect(() => openDetails(before, moved)).toThrow('does not open');
  const stolen = {
    ...(await db.read()).accounts.find(({ id }) => id === one.account.id),
    userId: other.account.userId,
  };
  expect(() => openDetails(before, stolen)).toThrow('does not open');
  await expect(reseal(db.ownerUrl, rotating)).rejects.toThrow('does not open');
  expect((await db.read()).accounts.every(({ detailsSealed }) => detailsSealed.startsWith('v1.a.'))).toBe(true);
  await db.close();
});

test('A8: a key that is missing stops it with a word, and nothing is changed', async () => {
  const db = await openDatabase();
  await db.add(before, 1);
  await expect(reseal(db.ownerUrl, after)).rejects.toThrow('not known here');
  await db.close();
});
