import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** A deposit takes about a second from the payment to the balance; a machine under load takes ten times that. */
const DEPOSIT_TIMEOUT_MS = 30_000;
const EMAIL = 'demo@example.com';
/** Enough for the withdrawals that a newcomer tries. */
const FIRST_DEPOSIT = { amount: '500.00', currency: 'ZAR' };
const BANK_ACCOUNT = { bank_code: '632005', account_number: '4051234567', account_holder: 'Demo Payer' };

export type DemoAccount = { email: string; password: string; access_token: string; bank_account_id: string };

/**
 * A user to try the system with: registered, with a bank account and, on the first start, a paid deposit, all through the public API.
 * Throws when the API does not do what it should: then the system is not up.
 */
export async function openDemoAccount(at: {
  gatewayUrl: string;
  simulatorUrl: string;
  password: string;
}): Promise<DemoAccount> {
  const credentials = { email: EMAIL, password: at.password };
  const api = `${at.gatewayUrl}/api/v1`;
  const registered = await post(`${api}/auth/register`, credentials);
  if (registered.status !== 201 && registered.status !== 409) throw unexpected('register', registered);
  const { access_token } = await wanted(200, 'log in', post(`${api}/auth/login`, credentials));
  const headers = { authorization: `Bearer ${access_token}` };
  const accounts = await wanted(200, 'list bank accounts', get(`${api}/bank-accounts`, headers));
  const first = registered.status === 201;
  const bankAccount =
    accounts.data?.[0] ??
    (await wanted(201, 'add a bank account', post(`${api}/bank-accounts`, BANK_ACCOUNT, headers)));
  if (first) await payIn(api, at.simulatorUrl, headers);
  return { ...credentials, access_token: String(access_token), bank_account_id: String(bankAccount.id) };
}

async function payIn(api: string, simulatorUrl: string, headers: Record<string, string>): Promise<void> {
  const idempotent = { ...headers, 'idempotency-key': randomUUID() };
  const deposit = await wanted(201, 'deposit', post(`${api}/deposits`, FIRST_DEPOSIT, idempotent));
  await wanted(200, 'pay', post(`${simulatorUrl}/_sim/pay`, { reference: deposit.id }));
  for (const deadline = Date.now() + DEPOSIT_TIMEOUT_MS; Date.now() < deadline; await sleep(100)) {
    const { status } = await wanted(200, 'read the deposit', get(`${api}/transactions/${deposit.id}`, headers));
    if (status === 'completed') return;
  }
  throw new Error(`the first deposit (${deposit.id}) was not completed within ${DEPOSIT_TIMEOUT_MS / 1000} s`);
}

// The parts of all those answers that are read here.
type Body = { id?: string; status?: string; access_token?: string; data?: Body[] };
type Answer = { status: number; body: Body };

const get = (url: string, headers: Record<string, string>): Promise<Answer> => answer(fetch(url, { headers }));
const post = (url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  answer(
    fetch(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    }),
  );

async function answer(request: Promise<Response>): Promise<Answer> {
  const response = await request;
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

async function wanted(status: number, what: string, request: Promise<Answer>): Promise<Body> {
  const got = await request;
  if (got.status !== status) throw unexpected(what, got);
  return got.body;
}

const unexpected = (what: string, { status, body }: Answer): Error =>
  new Error(`the demo user could not ${what}: ${status} ${JSON.stringify(body)}`);
