import { randomUUID } from 'node:crypto';
import { described } from './described.ts';

/** What a client of the public API sees of one answer. */
export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  body: any;
  /** The exact text, to compare a replay with its first answer. */
  text: string;
}

interface CallOptions {
  key?: string;
  headers?: Record<string, string>;
}

/** One user of the public API, with a token and a bank account. */
export interface Client {
  email: string;
  token: string;
  bankAccountId: string;
  call(method: string, path: string, json?: unknown, options?: CallOptions): Promise<Answer>;
  deposit(amount: unknown, options?: CallOptions): Promise<Answer>;
  withdraw(amount: unknown, options?: CallOptions & { bankAccountId?: string }): Promise<Answer>;
  cancel(transactionId: string): Promise<Answer>;
  transaction(transactionId: string): Promise<Answer>;
  /** `{available, held}` of the ZAR wallet, decimal strings. */
  balance(): Promise<{ available: string; held: string }>;
}

/** Longer than any answer takes, even with a provider that hangs until our own time-out. */
const callTimeoutMs = 30_000;

/** Demands of every answer of the public API that it is as described (docs/openapi.json). */
export async function call(
  method: string,
  url: string,
  json?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
    signal: AbortSignal.timeout(callTimeoutMs),
  });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  const text = await (isStream ? beginningOf(response) : response.text());
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const answer = {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
  const { pathname } = new URL(url);
  if (pathname.startsWith('/api/v1/') && answer.headers.has('content-security-policy') && answer.status !== 404) {
    // Revio's simulator has an /api/v1 as well; the gateway is known by its security headers.
    if (described.find(method, pathname) === undefined) throw new Error(`${method} ${pathname} is not described`);
  }
  const wrong = described.wrongWith(method, pathname, answer);
  if (wrong.length > 0) throw new Error(`not as described: ${wrong.join('\n')}\n${text}`);
  return answer;
}

/** What a stream that may never end begins with; it is left then. */
async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  await reader?.cancel();
  return new TextDecoder().decode(value);
}

/** `accountNumber` decides what the simulated bank does: one ending in 0000 refuses later, one ending in 9999 at once. */
export async function signUp(gatewayUrl: string, { accountNumber = '62000000001' } = {}): Promise<Client> {
  const email = `${randomUUID()}@example.co.za`;
  const password = 'Correct-Horse-1';
  expectStatus(await call('POST', `${gatewayUrl}/api/v1/auth/register`, { email, password }), 201);
  const login = expectStatus(await call('POST', `${gatewayUrl}/api/v1/auth/login`, { email, password }), 200);
  const token: string = login.body.access_token;
  const authorised = (method: string, path: string, json?: unknown, { key, headers }: CallOptions = {}) =>
    call(method, `${gatewayUrl}/api/v1${path}`, json, {
      authorization: `Bearer ${token}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...headers,
    });
  const addBankAccount = async (number: string): Promise<string> =>
    expectStatus(
      await authorised('POST', '/bank-accounts', {
        bank_code: '250655',
        account_number: number,
        account_holder: 'T MOKOENA',
      }),
      201,
    ).body.id;
  const bankAccountId = await addBankAccount(accountNumber);
  return {
    email,
    token,
    bankAccountId,
    call: authorised,
    deposit: (amount, options = {}) =>
      authorised('POST', '/deposits', { amount, currency: 'ZAR' }, { key: randomUUID(), ...options }),
    withdraw: (amount, { bankAccountId: other = bankAccountId, ...options } = {}) =>
      authorised(
        'POST',
        '/withdrawals',
        { amount, currency: 'ZAR', bank_account_id: other },
        { key: randomUUID(), ...options },
      ),
    cancel: (id) => authorised('POST', `/withdrawals/${id}/cancel`),
    transaction: (id) => authorised('GET', `/transactions/${id}`),
    balance: async () => {
      const { available, held } = expectStatus(await authorised('GET', '/wallets/ZAR'), 200).body;
      return { available, held };
    },
  };
}

export function expectStatus(answer: Answer, ...statuses: number[]): Answer {
  if (!statuses.includes(answer.status))
    throw new Error(`${answer.status} instead of ${statuses.join(' or ')}: ${answer.text}`);
  return answer;
}
