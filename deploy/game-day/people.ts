import { randomInt, randomUUID } from 'node:crypto';
import { grantRole } from '../grant-role/grant-role.ts';

/** Longer than the gateway waits for a service that stands still. */
const ANSWER_TIMEOUT_MS = 15_000;

export interface Answer {
  status: number;
  etag: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  body: any;
}

/** Somebody with a token and an address of their own. An answer of any kind is an answer; without one it is a status of 0. */
export interface Person {
  userId: string;
  bankAccountId: string;
  ask(method: 'GET' | 'POST', path: string, json?: object, headers?: Record<string, string>): Promise<Answer>;
  deposit(amount: string): Promise<Answer>;
  withdraw(amount: string): Promise<Answer>;
}

const password = 'Correct-Horse-1';

export async function newPerson(
  gatewayUrl: string,
  gatewayDatabaseUrl: string,
  role: 'user' | 'admin',
): Promise<Person> {
  const email = `${randomUUID()}@example.com`;
  const address = newAddress();
  const stranger = askerOf(gatewayUrl, { 'x-forwarded-for': address });
  wanted(201, await stranger('POST', '/auth/register', { email, password }));
  if (role === 'admin') await grantRole(gatewayDatabaseUrl, email, role);
  const { body: login } = wanted(200, await stranger('POST', '/auth/login', { email, password }));
  const ask = askerOf(gatewayUrl, { 'x-forwarded-for': address, authorization: `Bearer ${login.access_token}` });
  const { body: me } = wanted(200, await ask('GET', '/me'));
  const account = { bank_code: '250655', account_number: '62000000001', account_holder: 'A PAYEE' };
  const { body: bankAccount } = wanted(201, await ask('POST', '/bank-accounts', account));
  const keyed = (path: string, json: object) => ask('POST', path, json, { 'idempotency-key': randomUUID() });
  return {
    userId: me.id,
    bankAccountId: bankAccount.id,
    ask,
    deposit: (amount) => keyed('/deposits', { amount, currency: 'ZAR' }),
    withdraw: (amount) => keyed('/withdrawals', { amount, currency: 'ZAR', bank_account_id: bankAccount.id }),
  };
}

/** Somebody who guesses passwords. */
export function guessPassword(gatewayUrl: string, address: string): Promise<Answer> {
  const login = { email: 'somebody@example.com', password: 'Wrong-Horse-1' };
  return askerOf(gatewayUrl, { 'x-forwarded-for': address })('POST', '/auth/login', login);
}

export const newAddress = (): string => `198.18.${randomInt(256)}.${randomInt(256)}`;

function askerOf(gatewayUrl: string, own: Record<string, string>): Person['ask'] {
  return async (method, path, json, headers = {}) => {
    try {
      const response = await fetch(`${gatewayUrl}/api/v1${path}`, {
        method,
        headers: { ...own, ...headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        etag: response.headers.get('etag') ?? '',
        body: isJson ? JSON.parse(text) : text,
      };
    } catch (error) {
      return { status: 0, etag: '', body: String((error as Error).cause ?? error) };
    }
  };
}

export function wanted(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
}
