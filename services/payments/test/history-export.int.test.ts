import http from 'node:http';
import { inflateRawSync } from 'node:zlib';
import type supertest from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '#libs/http';
import { newId, newUuid } from '#libs/runtime';
import { poll } from '#libs/testing';
import { exportRowOf } from '../src/history/export-rows.ts';
import { createExportSlots } from '../src/history/export-transactions.ts';
import { xlsxOf } from '../src/history/export-xlsx.ts';
import type { Transaction } from '../src/transaction/transaction.ts';
import { at, newDeposit, newWithdrawal } from './stores.ts';
import { get, openWorld, type User, type World } from './world.ts';

/** T3: the file is the list, all of it, in one moment. */
let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const done = { status: 'completed', nextStep: null, leasedUntil: null, attempts: 0 } as const;
const insert = (...rows: Transaction[]) =>
  world.stores.transact(async (tx) => {
    for (const row of rows) await tx.insertTransaction(row);
  });

/** `count` deposits of one rand and up, one millisecond apart, by the database itself. */
let filled = 0;
const fill = (userId: string, count: number) => {
  filled += count;
  return world.stores.db.read.run(
    `INSERT INTO transactions (id, user_id, kind, status, amount_minor, currency, attempts, created_at, updated_at)
     SELECT 'dep_' || lpad(n::text, 26, '0'), $1::uuid, 'deposit', 'completed', 100 + n, 'ZAR', 0, made, made
     FROM (SELECT n, $3::timestamptz + n * interval '1 ms' AS made FROM generate_series($4::int, $4::int + $2 - 1) AS n) AS rows`,
    [userId, count, at(0), filled - count],
  );
};

async function withTwo(): Promise<{ user: User; deposit: Transaction; withdrawal: Transaction }> {
  const user = await world.user();
  const deposit = newDeposit({ ...done, userId: user.id, amountMinor: 10_000n, createdAt: at(1) });
  const withdrawal = newWithdrawal({ ...done, userId: user.id, amountMinor: 25_000n, createdAt: at(2) });
  const failed = newDeposit({ ...done, status: 'failed', reason: '=cmd|calc', userId: user.id, createdAt: at(3) });
  const refund = {
    ...deposit,
    id: newId('rev'),
    kind: 'reversal',
    reversal: 'refund',
    reversalOf: deposit.id,
  } as const;
  await insert(deposit, withdrawal, failed, { ...refund, amountMinor: 4_000n, sourceId: newUuid(), createdAt: at(4) });
  return { user, deposit, withdrawal };
}

const text = async (user: User, query: string) => {
  const answer = await get(world.app(), `/transactions/export?${query}`, user)
    .buffer(true)
    .parse(wholeBody)
    .expect(200);
  return {
    type: answer.headers['content-type'],
    disposition: answer.headers['content-disposition'],
    body: answer.body as Buffer,
  };
};
function wholeBody(response: supertest.Response, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const stream = response as unknown as http.IncomingMessage;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(null, Buffer.concat(chunks)));
}

test('csv: RFC 4180 lines, no formula that runs, the sums by currency at the end', async () => {
  const { user, deposit, withdrawal } = await withTwo();
  const { type, disposition, body } = await text(user, 'order=asc');
  expect(type).toMatch(/^text\/csv/);
  expect(disposition).toMatch(/^attachment; filename="transactions-\d{4}-\d\d-\d\d\.csv"$/);
  const lines = body.toString().split('\r\n');
  expect(lines[0]).toBe(
    'id,type,status,reason,amount,currency,money_in,money_out,created_at,updated_at,reversal_of,reversal',
  );
  expect(lines[1]).toBe(
    `${deposit.id},deposit,completed,,100.00,ZAR,100.00,,${at(1).toISOString()},${at(0).toISOString()},,`,
  );
  expect(lines[2]).toContain(`${withdrawal.id},withdrawal,completed,,250.00,ZAR,,250.00,`);
  expect(lines[3]).toContain(",failed,'=cmd|calc,150.00,ZAR,,,");
  expect(lines[4]).toMatch(new RegExp(`^rev_.*,completed,,40.00,ZAR,,40.00,.*,${deposit.id},refund$`));
  expect(lines.slice(5)).toEqual([
    ',total_deposited,,,60.00,ZAR,,,,,,',
    ',total_withdrawn,,,250.00,ZAR,,,,,,',
    ',total_net,,,-190.00,ZAR,,,,,,',
    '',
  ]);
});

test('json: an object that only parses when whole; filters and order are the list’s', async () => {
  const { user, deposit } = await withTwo();
  const { type, body } = await text(user, 'format=json&order=asc&status=completed');
  expect(type).toMatch(/^application\/json/);
  const file = JSON.parse(body.toString());
  expect(file.data.map((row: { type: string }) => row.type)).toEqual(['deposit', 'withdrawal', 'reversal']);
  expect(file.data[0]).toMatchObject({ id: deposit.id, amount: '100.00', money_in: '100.00', money_out: null });
  expect(file).toMatchObject({
    count: 3,
    summary: [{ currency: 'ZAR', deposited: '60.00', withdrawn: '250.00', net: '-190.00' }],
  });
  expect(JSON.parse((await text(await world.user(), 'format=json')).body.toString())).toEqual({
    data: [],
    count: 0,
    summary: [],
  });
});

test('xlsx: a workbook with the table and the sums; texts are texts, amounts numbers', async () => {
  const { user, deposit } = await withTwo();
  const { type, body } = await text(user, 'format=xlsx&order=asc');
  expect(type).toContain('spreadsheetml');
  const parts = unzip(body);
  expect([...parts.keys()].sort()).toEqual([
    ...['[Content_Types].xml', '_rels/.rels', 'xl/_rels/workbook.xml.rels', 'xl/styles.xml', 'xl/workbook.xml'],
    ...['xl/worksheets/sheet1.xml', 'xl/worksheets/sheet2.xml'],
  ]);
  const table = parts.get('xl/worksheets/sheet1.xml') ?? '';
  expect(table.match(/<row>/g)).toHaveLength(5);
  expect(table).toContain(`<t>${deposit.id}</t>`);
  expect(table).toContain('<c s="2"><v>100.00</v></c>');
  expect(table).toContain('<c t="inlineStr"><is><t>=cmd|calc</t></is></c>');
  expect(parts.get('xl/worksheets/sheet2.xml')).toContain('<v>-190.00</v>');
});

test('xlsx: what does not fit on a sheet goes on the next one, whatever the batches', async () => {
  const rows = Array.from({ length: 7 }, (_, n) => exportRowOf(newDeposit({ id: `dep_${n}` })));
  async function* batches() {
    yield rows.slice(0, 4);
    yield rows.slice(4);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of xlsxOf({ batches: batches(), count: 7, summary: () => [] }, 3)) chunks.push(chunk);
  const parts = unzip(Buffer.concat(chunks));
  const onSheet = (n: number) =>
    [...(parts.get(`xl/worksheets/sheet${n}.xml`) ?? '').matchAll(/<t>dep_(\d)<\/t>/g)].map((m) => m[1]);
  expect([1, 2, 3, 4].map(onSheet)).toEqual([['0', '1', '2'], ['3', '4', '5'], ['6'], []]);
});

test('all rows of many batches come once, in order', async () => {
  const user = await world.user();
  await fill(user.id, 3_500);
  for (const query of ['order=asc', 'order=desc', 'sort=amount', 'type=deposit&order=asc']) {
    const file = JSON.parse((await text(user, `format=json&${query}`)).body.toString());
    expect(new Set(file.data.map(({ id }: { id: string }) => id)).size).toBe(3_500);
    expect(file.count).toBe(3_500);
  }
  const { data } = JSON.parse((await text(user, 'format=json&order=asc')).body.toString());
  expect(data.map((row: { id: string }) => row.id)).toEqual(data.map((row: { id: string }) => row.id).sort());
});

test('one snapshot: what is added while the file is written is in neither the rows nor the sums', async () => {
  const user = await world.user();
  await fill(user.id, 60_000); // more than sockets hold, so that the last rows are not read before the client goes on
  const server = await served();
  const rows = await new Promise<string>((resolve, reject) => {
    request(server.listening.url, user, (response) => {
      let body = '';
      response.once('data', () => {
        response.pause();
        insert(newDeposit({ ...done, userId: user.id, amountMinor: 1n, createdAt: at(-1) })).then(
          () => response.resume(),
          reject,
        );
      });
      response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body));
    });
  });
  expect(JSON.parse(rows).count).toBe(60_000);
  await server.listening.stop();
});

test('T3: one export of a user at a time, so that nobody takes all the places there are', async () => {
  const [user, another] = [await world.user(), await world.user()];
  await fill(user.id, 50_000);
  const server = await served({ exportSlots: createExportSlots(3, 60_000) });
  const first = await new Promise<http.ClientRequest>((resolve) => {
    const calls = request(server.listening.url, user, (response) => {
      response.on('error', () => undefined).pause();
      resolve(calls);
    });
  });
  expect(await busy(server.listening.url, user)).toBe(503);
  expect(await busy(server.listening.url, another)).toBe(200);
  first.destroy();
  await poll(async () => (await busy(server.listening.url, user)) === 200);
  await server.listening.stop();
});

test.each([
  ['goes away', 60_000],
  ['takes nothing any more', 300],
])('a client that %s ends its export and gives its place back; one too many is asked to wait', async (how, stallMs) => {
  const user = await world.user();
  await fill(user.id, 50_000);
  const server = await served({ exportSlots: createExportSlots(1, stallMs) });
  const began = await new Promise<{ calls: http.ClientRequest; status: number | undefined }>((resolve) => {
    const calls = request(server.listening.url, user, (response) => {
      response.on('error', () => undefined).pause();
      resolve({ calls, status: response.statusCode });
    });
  });
  expect(began.status).toBe(200);
  if (how === 'goes away') {
    expect(await busy(server.listening.url, user)).toBe(503);
    expect(await snapshots()).toBe(1);
    began.calls.destroy();
  }
  await poll(async () => (await snapshots()) === 0);
  await poll(async () => (await busy(server.listening.url, user)) === 200);
  began.calls.destroy();
  await server.listening.stop();
});

test.each([
  ['format=pdf', 422, '/format'],
  ['page=2', 400, '/page'],
  ['cursor=x', 400, '/cursor'],
  ['type=gift', 422, '/type/0'],
])('%s → %i at %s, and no file', async (query, status, pointer) => {
  const answer = await get(world.app(), `/transactions/export?${query}`, await world.user());
  expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([status, pointer]);
});

async function served(change: Parameters<World['app']>[0] = {}): Promise<{ listening: Listening }> {
  return { listening: await listen(world.app(change), { host: '127.0.0.1', port: 0 }) };
}

function request(url: string, user: User, on: (response: http.IncomingMessage) => void): http.ClientRequest {
  const headers = { authorization: `Bearer ${user.token}` };
  return http.get(`${url}/transactions/export?format=json`, { headers, agent: false }, on).on('error', () => undefined);
}

/** What an export by another connection is answered; one that begins is ended at once. */
const busy = (url: string, user: User): Promise<number | undefined> =>
  new Promise((resolve) => {
    const calls = request(url, user, (response) => {
      resolve(response.statusCode);
      calls.destroy();
    });
  });

/** Exports that hold a transaction open. */
async function snapshots(): Promise<number> {
  const [row] = await world.stores.db.read.rows<{ open: bigint }>(
    `SELECT count(*) AS open FROM pg_stat_activity
     WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid() AND query LIKE 'SELECT id AS "id"%'`,
  );
  return Number(row?.open);
}

/** The parts of a ZIP by its central directory, as any reader finds them (APPNOTE.TXT 4.3.12). */
function unzip(zip: Buffer): Map<string, string> {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  const parts = new Map<string, string>();
  let entry = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(entry + offset));
    const name = zip.toString('utf8', entry + 46, entry + 46 + (nameLength ?? 0));
    const local = zip.readUInt32LE(entry + 42);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(from, from + zip.readUInt32LE(entry + 20));
    const method = zip.readUInt16LE(entry + 10);
    parts.set(name, (method === 8 ? inflateRawSync(packed) : packed).toString('utf8'));
    entry += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return parts;
}
