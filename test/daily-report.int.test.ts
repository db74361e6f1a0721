import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadConfig } from '#libs/runtime';
import { amqpPrefix, poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import * as reconciler from '../services/reconciler/src/config.ts';
import { boundsOf, dayAfter, dayOf } from '../services/reconciler/src/reports/report-day.ts';
import { start as startReconciler } from '../services/reconciler/src/start.ts';
import { type Answer, call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** R3 over the whole system, with two reconcilers: money moves, and the day is told from both sides to the cent. */

/** Where it is about noon now, so that no midnight comes in between. Such names count the other way round. */
const hoursAhead = 12 - new Date().getUTCHours();
const zone = `Etc/GMT${hoursAhead > 0 ? '-' : '+'}${Math.abs(hoursAhead)}`;
const today = dayOf(new Date(), zone);
const yesterday = dayAfter(today, -1);
const prefix = amqpPrefix();
const ownSettings = {
  SWEEP_INTERVAL_MS: '200',
  EARLY_READ_STEPS_MS: '300,300',
  REPORT_TIME_ZONE: zone,
  REPORT_INTERVAL_MS: '200',
  REPORT_PAUSE_MS: '200',
  REPORT_DELAY_MS: '1000',
};
/** Messages, postings and a report take a second or two when idle. */
const patience = { timeoutMs: 60_000 };

let system: System;
let second: Awaited<ReturnType<typeof startReconciler>>;
let maker: Staff;
let checker: Staff;

type Staff = (method: string, path: string, json?: unknown, headers?: Record<string, string>) => Promise<Answer>;

beforeAll(async () => {
  system = await startSystem({
    env: { AMQP_PREFIX: prefix, RATE_LIMITS_ENFORCED: 'false' },
    settings: { payments: { RETRY_MIN_MS: '100', WORKER_INTERVAL_MS: '100' }, reconciler: ownSettings },
  });
  const { secrets, urls, databases } = system;
  second = await startReconciler(
    loadConfig(reconciler.config, {
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      PORT: '0',
      OPS_PORT: '0',
      DATABASE_URL: databases.reconciler.url,
      AMQP_URL: inject('amqpUrl'),
      AMQP_PREFIX: prefix,
      INTERNAL_KEY: secrets.internalKeys.reconciler,
      ...reach('wallet'),
      ...reach('payments'),
      ...reach('webhooks'),
      REVIO_BRAND_ID: secrets.revioBrandId,
      REVIO_IS_TEST: 'true',
      REVIO_EXECUTE_WINDOW_ENFORCED: 'true',
      ...ownSettings,
    }),
  );
  function reach(service: 'wallet' | 'payments' | 'webhooks') {
    const name = service.toUpperCase();
    return { [`${name}_URL`]: urls[service], [`INTERNAL_KEY_${name}`]: secrets.internalKeys[service] };
  }
  [maker, checker] = await Promise.all([staff('admin'), staff('admin')]);
});
afterAll(async () => {
  await second?.stop();
  await system?.close();
});

async function staff(role: 'support' | 'admin'): Promise<Staff> {
  const { email } = await system.signUp();
  expect(await grantRole(system.databases.gateway.ownerUrl, email, role)).toBe(true);
  const login = `${system.gatewayUrl}/api/v1/auth/login`;
  const { body } = expectStatus(await call('POST', login, { email, password: 'Correct-Horse-1' }), 200);
  return (method, path, json, headers = {}) =>
    call(method, `${system.gatewayUrl}/api/v1/admin${path}`, json, {
      authorization: `Bearer ${body.access_token}`,
      ...headers,
    });
}

async function walletSum(): Promise<string> {
  const client = new pg.Client({ connectionString: system.databases.wallet.ownerUrl });
  await client.connect();
  const text = `SELECT to_char(sum(amount_minor) / 100.0, 'FM999990.00') AS sum FROM entries
    WHERE account IN ('available', 'held', 'receivable')`;
  const { rows } = await client.query<{ sum: string }>(text).finally(() => client.end());
  return rows[0]?.sum ?? '';
}

const reportOf = (day: string, query = '') => maker('GET', `/reports/${day}/ZAR${query}`);
const versionOf = async (day: string): Promise<number> => {
  const { status, body } = await reportOf(day);
  return status === 404 ? 0 : body.version;
};
/** The version that comes after `ask`. */
async function reportAfter(day: string, ask: () => Promise<unknown>): Promise<Answer['body']> {
  const before = await versionOf(day);
  await ask();
  await poll(async () => (await versionOf(day)) > before, patience);
  return (await reportOf(day)).body;
}
const run = (day: string) => () =>
  maker('POST', `/reports/${day}/ZAR/runs`).then((answer) => expectStatus(answer, 202));
const imports = (day: string, csv: string) => maker('POST', '/statements', { day, csv });

function statement(
  day: string,
  wrong?: Parameters<System['simulator']['control']['statement']>[0]['wrong'],
  id?: string,
) {
  const { from, until } = boundsOf(day, zone);
  const seconds = { from: from.getTime() / 1000, until: until.getTime() / 1000 };
  return system.simulator.control.statement({ ...seconds, wrong, id }).csv;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the report answers
const differing = (report: any): any[] =>
  report.items.filter((item: { result: string }) => item.result !== 'matched' && item.result !== 'ours_alone');

/** RFC 4180, back again. */
function parsed(csv: string): Record<string, string>[] {
  const rows = csv.split('\r\n').slice(0, -1);
  const fields = rows.map((row) =>
    [...row.matchAll(/(?:"((?:[^"]|"")*)"|([^",]*))(?:,|$)/g)].map(
      ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
    ),
  );
  const [head = [], ...lines] = fields;
  return lines.map((line) => Object.fromEntries(head.map((name, n) => [name, line[n] ?? ''])));
}

let objects: { deposit: string };

test('R3: deposits, payouts, refunds, chargebacks, returns and adjustments balance to the cent, and agree with Revio', async () => {
  const { control } = system.simulator;
  const user = await system.funded('300.00');
  const refunded = (await user.deposit('50.00')).body.id;
  const disputed = (await user.deposit('40.00')).body.id;
  for (const reference of [refunded, disputed]) control.pay({ reference });
  await poll(async () => (await user.balance()).available === '390.00', patience);
  control.refund({ reference: refunded, amount: 2_000 });
  control.chargeback({ reference: disputed });
  await poll(async () => (await user.balance()).available === '330.00', patience);

  const [paid, refused, returned] = [
    (await user.withdraw('100.00')).body.id,
    (await user.withdraw('70.00')).body.id,
    (await user.withdraw('30.00')).body.id,
  ];
  const ends = (id: string, status: string) =>
    poll(async () => (await user.transaction(id)).body.status === status, patience);
  await Promise.all([paid, refused, returned].map((id) => ends(id, 'processing')));
  for (const reference of [paid, returned]) control.payoutSucceed({ reference });
  control.payoutFail({ reference: refused });
  await Promise.all([ends(paid, 'completed'), ends(refused, 'failed'), ends(returned, 'completed')]);
  control.payoutReturn({ reference: returned });
  await poll(async () => (await user.balance()).available === '230.00', patience);

  const { body: me } = await user.call('GET', '/me');
  const proposal = expectStatus(
    await maker('POST', '/adjustments', {
      user_id: me.id,
      currency: 'ZAR',
      amount: '15.00',
      direction: 'credit',
      reason_code: 'goodwill',
      evidence: 'ticket 7',
    }),
    201,
  );
  const tag = { 'if-match': proposal.headers.get('etag') ?? '' };
  expectStatus(await checker('POST', `/proposals/${proposal.body.id}/approve`, {}, tag), 200);
  await poll(async () => (await user.balance()).available === '245.00', patience);

  const report = await reportAfter(today, run(today));
  const line = (ours: string, theirs = ours, difference = '0.00') => ({ ours, theirs, difference });
  expect(report).toMatchObject({
    day: today,
    currency: 'ZAR',
    time_zone: zone,
    final: false,
    unread: 0,
    opening: line('0.00'),
    deposits: line('390.00'),
    withdrawals: line('-130.00'),
    reversals: line('-60.00'),
    payout_returns: line('30.00'),
    adjustments: line('15.00', '0.00', '15.00'),
    closing: line('245.00', '230.00', '15.00'),
    cut_off: '0.00',
    unexplained: '0.00',
    counts: { matched: 8, ours_alone: 1, missing_here: 0, missing_there: 0, amount: 0, currency: 0, status: 0 },
  });
  expect(report.closing.ours).toBe(await walletSum());
  expect(Number(report.fees)).toBeGreaterThan(0);
  objects = { deposit: report.items.find((item: { kind: string }) => item.kind === 'deposit').object_id };
  await system.assertPromises();
});

test('R3: a statement that is right agrees in every line', async () => {
  expectStatus(await imports(today, statement(today)), 201);
  expectStatus(await imports(today, statement(today)), 200);
  const report = await reportAfter(today, run(today));
  expect(differing(report)).toEqual([]);
  expect(report.counts).toMatchObject({ matched: 8, ours_alone: 1 });
  expect(new Set(report.items.map((item: { theirs: { told_by: string } | null }) => item.theirs?.told_by))).toEqual(
    new Set(['statement', undefined]),
  );
});

/** By how much each of them is off, ours less theirs, of a deposit of 300.00 that is spoiled by 1.00. */
test.each([
  ['missing_line', 'missing_there', '300.00'],
  ['extra_line', 'missing_here', '-1.00'],
  ['other_amount', 'amount', '-1.00'],
  ['other_status', 'status', '300.00'],
  ['duplicate_line', 'missing_here', '-300.00'],
  ['other_currency', 'currency', '300.00'],
] as const)('R3: a statement with a %s gives exactly that difference', async (wrong, result, difference) => {
  const right = (await reportOf(today)).body;
  const deposit = right.items.find((item: { ours: { amount: string } | null }) => item.ours?.amount === '300.00');
  const id = deposit?.object_id ?? objects.deposit;
  expectStatus(await imports(today, statement(today, wrong, id)), 201);
  const report = await reportAfter(today, run(today));
  const [only, ...more] = differing(report);
  expect(more).toEqual([]);
  expect([only.result, only.difference, report.unexplained]).toEqual([result, difference, difference]);
  if (wrong !== 'extra_line') expect(only.object_id).toBe(id);
  expect(report.closing.ours, 'our side is what it was').toBe(right.closing.ours);
});

test('R3: fees are reported and in no total', async () => {
  expectStatus(await imports(today, statement(today)), 201);
  const right = await reportAfter(today, run(today));
  expectStatus(await imports(today, statement(today, 'fee_line')), 201);
  const report = await reportAfter(today, run(today));
  expect([differing(report), report.closing]).toEqual([[], right.closing]);
  expect((Number(report.fees) - Number(right.fees)).toFixed(2)).toBe('1.00');
});

test('R3: the CSV parses back to the report, line by line', async () => {
  const report = (await reportOf(today)).body;
  const file = expectStatus(await maker('GET', `/reports/${today}/ZAR/export?version=${report.version}`), 200);
  expect(file.headers.get('content-type')).toMatch(/^text\/csv/);
  expect(file.headers.get('content-disposition')).toContain(`report-${today}-ZAR-v${report.version}.csv`);
  const rows = parsed(file.text);
  const totals = rows.filter((row) => row['result'] === 'total');
  const items = rows.filter((row) => row['result'] !== 'total');
  expect(items).toHaveLength(report.items.length);
  expect(items.map((row) => [row['object_id'], row['result'], row['our_amount'], row['difference']])).toEqual(
    // biome-ignore lint/suspicious/noExplicitAny: whatever the report answers
    report.items.map((item: any) => [item.object_id, item.result, item.ours?.amount ?? '', item.difference]),
  );
  const closing = totals.find((row) => row['kind'] === 'closing');
  expect([closing?.['our_amount'], closing?.['their_amount']]).toEqual([report.closing.ours, report.closing.theirs]);
  const moved = items.reduce((sum, row) => sum + Math.round(Number(row['our_amount']) * 100), 0);
  expect((moved / 100).toFixed(2)).toBe(report.closing.ours);
});

test('R3 R6: a day that is over is reported once by two reconcilers; what we do not know is one case, however often it runs', async () => {
  const csv = `${statement(yesterday).trimEnd()}\r\n${boundsOf(yesterday, zone).from.toISOString()},deposit,stranger,,ZAR,7.50,0.00,settled\r\n`;
  const report = await reportAfter(yesterday, () => imports(yesterday, csv));
  expect(report).toMatchObject({ final: true, deposits: { ours: '0.00', theirs: '7.50' }, unexplained: '-7.50' });
  const [item] = differing(report);
  expect(item).toMatchObject({ result: 'missing_here', object_id: 'stranger' });
  const again = await reportAfter(yesterday, run(yesterday));
  expect(again.version).toBe(report.version + 1);
  expect(differing(again)[0].case_id).toBe(item.case_id);
  const cases = (await maker('GET', '/cases')).body.data.filter((each: { cause: string }) =>
    each.cause.startsWith('report_'),
  );
  expect(cases).toMatchObject([{ id: item.case_id, cause: 'report_missing_here', object_id: 'stranger' }]);
  expect((await reportOf(yesterday, '?version=1')).body.version).toBe(1);
});

test('R3 A3 A6: support looks, admins act; what is wrong is refused and nothing is stored', async () => {
  const support = await staff('support');
  expect((await support('GET', '/reports')).body.data.length).toBeGreaterThan(1);
  expect((await support('POST', `/reports/${today}/ZAR/runs`)).status).toBe(403);
  expect((await support('POST', '/statements', { day: today, csv: '' })).status).toBe(403);
  const user = await system.signUp();
  expect((await user.call('GET', '/admin/reports')).status).toBe(403);
  const before = await versionOf(today);
  const broken = await imports(today, statement(today).replace('ZAR', 'ZAR,'));
  expect([broken.status, broken.body.code]).toEqual([422, 'statement_invalid']);
  expect(broken.body.errors[0]).toMatchObject({
    pointer: '/csv',
    code: 'line_invalid',
    detail: 'line 2: must have 8 fields',
  });
  expect((await maker('POST', `/reports/${dayAfter(today, 1)}/ZAR/runs`)).body.code).toBe('day_not_begun');
  expect((await reportOf('2026-02-30')).status).toBe(404);
  expect((await reportOf(today, '?colour=blue')).status).toBe(400);
  expect((await imports(today, 'x'.repeat(5 * 1024 * 1024))).status).toBe(413);
  expect((await maker('POST', '/statements', { day: today, csv: statement(today), sender: randomUUID() })).status).toBe(
    422,
  );
  expect(await versionOf(today)).toBe(before);
  await system.assertPromises();
});
