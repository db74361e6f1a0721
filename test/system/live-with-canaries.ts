import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import pg from 'pg';
import { poll } from '#libs/testing';
import { grantRole } from '../../deploy/grant-role/grant-role.ts';
import type { Service } from '../../deploy/local/databases.ts';
import { type Answer, call, expectStatus } from './client.ts';
import type { Stack } from './launch-stack.ts';

const word = (): string =>
  randomBytes(9)
    .toString('hex')
    .replaceAll(/[0-9]/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '');
/** Eleven digits, as South African accounts have them; the last one says that the bank pays. */
const accountDigits = (): string => `62${randomInt(1e7, 9e7)}1`;

/** What is typed in. */
export const sent = {
  password: `Aa1-${word()}`,
  'changed password': `Aa2-${word()}`,
  'wrong password': `Aa3-${word()}`,
  'password as the name of a field': `Aa4-${word()}`,
  'account number': accountDigits(),
  'refused account number': accountDigits(),
  'account number in a wrong field': accountDigits(),
  holder: `H ${word().toUpperCase()}`,
};
export const email = `${word()}@example.co.za`;
/** What is given out: added as it comes. */
export const tokens: Record<string, string> = {};
/** What was answered where nothing was done. */
export const refusals: string[] = [];
/** What lists for staff showed. */
export const staffSaw: string[] = [];
let stack: Stack;
let transactionId: string;

async function ask(
  method: string,
  address: string,
  json?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await call(method, `${stack.describe().gateway_url}/api/v1${address}`, json, headers);
  if (answer.status >= 400) refusals.push(`${method} ${address.slice(0, 12)}: ${answer.text}`);
  return answer;
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const keyed = (token: string) => ({ ...bearer(token), 'idempotency-key': randomUUID() });

async function signIn(password: string): Promise<{ access: string; refresh: string }> {
  const { body } = expectStatus(await ask('POST', '/auth/login', { email, password }), 200);
  return remember(body);
}
function remember({ access_token: access, refresh_token: refresh }: { access_token: string; refresh_token: string }) {
  const n = Object.keys(tokens).length;
  // The beginning of a JWT is the same for all, and public.
  Object.assign(tokens, { [`access token ${n}`]: access.split('.')[2] ?? '', [`refresh token ${n}`]: refresh });
  return { access, refresh };
}

/** All that happens to the canaries; the id of a transaction that must be found wherever the search can find anything. */
export async function liveWithCanaries(system: Stack): Promise<string> {
  stack = system;
  expectStatus(await ask('POST', '/auth/register', { email, password: sent.password }), 201);
  const token = await useSessions();
  const good = await bankAccount(token, sent['account number']);
  await moveMoney(token, good);
  await misplaceSecrets(token);
  await breakDatabases(token);
  await killMessages();
  await forgeDeliveries();
  await readAsStaff();
  return transactionId;
}

async function useSessions(): Promise<string> {
  expectStatus(await ask('POST', '/auth/login', { email, password: sent['wrong password'] }), 401);
  const first = await signIn(sent.password);
  const { body } = expectStatus(await ask('POST', '/auth/refresh', { refresh_token: first.refresh }), 200);
  remember(body);
  expectStatus(await ask('POST', '/auth/refresh', { refresh_token: body.refresh_token }), 200);
  // The first one again: its successor was used, so that somebody has stolen it.
  expectStatus(await ask('POST', '/auth/refresh', { refresh_token: first.refresh }), 401);
  const { access } = await signIn(sent.password);
  const change = { current_password: sent['wrong password'], new_password: sent['changed password'] };
  expectStatus(await ask('POST', '/auth/password', change, bearer(access)), 403);
  expectStatus(
    await ask('POST', '/auth/password', { ...change, current_password: sent.password }, bearer(access)),
    204,
  );
  expectStatus(await ask('GET', '/auth/sessions', undefined, bearer(access)), 200);
  return (await signIn(sent['changed password'])).access;
}

const bankAccount = async (token: string, accountNumber: string): Promise<string> =>
  expectStatus(
    await ask(
      'POST',
      '/bank-accounts',
      { bank_code: '250655', account_number: accountNumber, account_holder: sent.holder },
      bearer(token),
    ),
    201,
  ).body.id;

async function deposit(token: string, amount: string): Promise<string> {
  const { body } = expectStatus(await ask('POST', '/deposits', { amount, currency: 'ZAR' }, keyed(token)), 201);
  await stack.sim('POST', 'pay', { reference: body.id });
  return body.id;
}
const ends = (token: string, id: string, status: string) =>
  poll(async () => (await ask('GET', `/transactions/${id}`, undefined, bearer(token))).body.status === status, {
    timeoutMs: 60_000,
  });

async function moveMoney(token: string, bankAccountId: string): Promise<void> {
  transactionId = await deposit(token, '200.00');
  await ends(token, transactionId, 'completed');
  const withdrawal = { amount: '50.00', currency: 'ZAR', bank_account_id: bankAccountId };
  const { body } = expectStatus(await ask('POST', '/withdrawals', withdrawal, keyed(token)), 202);
  await ends(token, body.id, 'completed');
  await stack.sim('POST', 'payout-plan', { plan: 'pending_then_error' });
  const refused = await bankAccount(token, sent['refused account number']);
  const other = expectStatus(
    await ask('POST', '/withdrawals', { ...withdrawal, bank_account_id: refused }, keyed(token)),
    202,
  );
  await ends(token, other.body.id, 'failed');
  expectStatus(await ask('POST', '/withdrawals', { ...withdrawal, amount: '9000.00' }, keyed(token)), 409, 422);
  await stack.sim('POST', 'refund', { reference: transactionId, amount: 1_000 });
}

/** By mistake or on purpose, where nobody expects them. */
async function misplaceSecrets(token: string): Promise<void> {
  const secret = sent['account number in a wrong field'];
  const [access] = Object.values(tokens);
  const account = { bank_code: '250655', account_number: secret, account_holder: sent.holder };
  const requests: [method: string, address: string, json?: unknown, headers?: Record<string, string>][] = [
    ['POST', '/auth/register', { email: sent.password, password: email }],
    ['POST', '/auth/register', { email, password: secret }],
    ['POST', '/auth/login', { email, password: sent.password, [sent['password as the name of a field']]: 1 }],
    ['POST', '/auth/login', `{"email": "${email}", "password": "${sent.password}`],
    ['POST', '/auth/login', { email, password: [sent.password] }],
    ['POST', '/auth/refresh', { refresh_token: sent.password }],
    ['POST', '/bank-accounts', { ...account, bank_code: secret }, bearer(token)],
    ['POST', '/bank-accounts', { ...account, account_number: `${secret}x` }, bearer(token)],
    ['POST', '/bank-accounts', { ...account, account_holder: `${sent.holder}\nx` }, bearer(token)],
    ['POST', '/deposits', { amount: secret, currency: secret }, keyed(token)],
    ['POST', '/deposits', { amount: '10.00', currency: 'ZAR', account_number: secret }, keyed(token)],
    ['POST', '/withdrawals', { amount: '10.00', currency: 'ZAR', bank_account_id: secret }, keyed(token)],
    ['POST', '/withdrawals', account, keyed(token)],
    ['GET', `/transactions?min_amount=${secret}&search=${sent.password}`, undefined, bearer(token)],
    ['GET', `/transactions?cursor=${access}`, undefined, bearer(token)],
    ['GET', `/transactions/${secret}`, undefined, bearer(token)],
    ['GET', `/transactions/${sent.password}`, undefined, bearer(token)],
    ['GET', `/wallets/${secret}?at=${secret}`, undefined, bearer(token)],
    [
      'GET',
      '/me',
      undefined,
      { authorization: `Basic ${Buffer.from(`${email}:${sent.password}`).toString('base64')}` },
    ],
    ['GET', '/me', undefined, { authorization: `Bearer ${access}.${sent.password}` }],
    [
      'POST',
      '/deposits',
      { amount: '10.00', currency: 'ZAR' },
      { ...bearer(token), 'idempotency-key': `${access} ${secret}` },
    ],
  ];
  for (const [method, address, json, headers] of requests) {
    const { status, text } = await ask(method, address, json, headers);
    if (status < 400 && !address.startsWith('/transactions?'))
      throw new Error(`${method} ${address}: ${status} ${text}`);
  }
}

export async function asSuperuser(service: Service, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: stack.describe().services[service].admin_database_url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** PostgreSQL shows the whole row in the details of an error, and drivers hang parameters on it. */
async function whileRefused<R>(service: Service, table: string, work: () => Promise<R>): Promise<R> {
  await asSuperuser(service, `ALTER TABLE ${table} ADD CONSTRAINT refused_on_purpose CHECK (false) NOT VALID`);
  return work().finally(() => asSuperuser(service, `ALTER TABLE ${table} DROP CONSTRAINT refused_on_purpose`));
}

async function breakDatabases(token: string): Promise<void> {
  const account = {
    bank_code: '250655',
    account_number: sent['account number in a wrong field'],
    account_holder: sent.holder,
  };
  const [user, bank, session] = [
    await whileRefused('gateway', 'users', () =>
      ask('POST', '/auth/register', { email: `x${email}`, password: sent.password }),
    ),
    await whileRefused('payments', 'bank_accounts', () => ask('POST', '/bank-accounts', account, bearer(token))),
    await whileRefused('gateway', 'refresh_tokens', () =>
      ask('POST', '/auth/login', { email, password: sent['changed password'] }),
    ),
  ];
  for (const answer of [user, bank, session]) expectStatus(answer, 500);
}

/** A handler that fails at every try, until its message is dead. */
async function killMessages(): Promise<void> {
  await whileRefused('payments', 'timeline', async () => {
    await stack.sim('POST', 'refund', { reference: transactionId, amount: 1_000 });
    const dead = () => rowsOf('reconciler', `dead_letters WHERE consumer = 'payments'`);
    await poll(async () => (await dead()) > 0, { timeoutMs: 60_000 });
  });
}

async function rowsOf(service: Service, from: string): Promise<number> {
  const client = new pg.Client({ connectionString: stack.describe().services[service].admin_database_url });
  await client.connect();
  return (await client.query(`SELECT FROM ${from}`).finally(() => client.end())).rowCount ?? 0;
}

async function forgeDeliveries(): Promise<void> {
  const body = {
    type: 'payout',
    id: randomUUID(),
    client: { email, full_name: sent.holder, bank_account: sent['account number'] },
  };
  for (const headers of [{}, { 'x-signature': 'AAAA' }] as Record<string, string>[]) {
    expectStatus(await call('POST', stack.describe().simulator.webhook_url, body, headers), 401);
  }
  await stack.sim('POST', 'send-webhook', { body: { ...body, event_type: 'payout.success' } });
}

/** What is shown to staff is masked; who looks is logged. */
async function readAsStaff(): Promise<void> {
  await grantRole(stack.describe().services.gateway.admin_database_url, email, 'support');
  const { access } = await signIn(sent['changed password']);
  for (const list of ['deliveries', 'dead-letters', 'transactions', 'cases', 'audit-log', 'freezes'])
    staffSaw.push(expectStatus(await ask('GET', `/admin/${list}`, undefined, bearer(access)), 200).text);
}
