import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { StackFile } from '../local/stack-file.ts';
import { closedLoop } from './load.ts';

/** Who is told to come again later does so: that is how an overloaded system is used. */
const triesMax = 20;

/** The parts of all answers that are read here. */
interface Answered {
  id: string;
  access_token: string;
}

export interface BenchUser {
  /** Answers the transaction's id. */
  deposit(amount: string): Promise<string>;
  withdraw(amount: string): Promise<string>;
}

export interface Clients {
  users: readonly BenchUser[];
  /** The payer pays at Revio. */
  pay(reference: string): Promise<void>;
  close(): Promise<void>;
}

/** Users with a bank account each, and kept connections to the gateway and the simulator, as many as will be in use at once. */
export async function openClients({ gateway_url, simulator }: StackFile, count: number): Promise<Clients> {
  const gateway = new Pool(gateway_url, { connections: count });
  const revio = new Pool(simulator.url, { connections: count });

  async function post(pool: Pool, path: string, json: object, headers: Record<string, string> = {}): Promise<Answered> {
    for (let tries = 1; ; tries++) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(json),
      });
      const text = await body.text();
      if (statusCode < 300) return JSON.parse(text);
      if (statusCode !== 503 || tries >= triesMax) throw new Error(`POST ${path} was answered ${statusCode} ${text}`);
      await sleep(100 * tries);
    }
  }

  async function signUp(): Promise<BenchUser> {
    const credentials = { email: `${randomUUID()}@example.com`, password: `Pig-1-${randomUUID()}` };
    await post(gateway, '/api/v1/auth/register', credentials);
    const { access_token } = await post(gateway, '/api/v1/auth/login', credentials);
    const authorization = `Bearer ${access_token}`;
    const own = async (path: string, json: object): Promise<string> =>
      (await post(gateway, `/api/v1${path}`, json, { authorization, 'idempotency-key': randomUUID() })).id;
    const bankAccountId = await own('/bank-accounts', {
      bank_code: '250655',
      account_number: '62000000001',
      account_holder: 'Bench Payer',
    });
    return {
      deposit: (amount) => own('/deposits', { amount, currency: 'ZAR' }),
      withdraw: (amount) => own('/withdrawals', { amount, currency: 'ZAR', bank_account_id: bankAccountId }),
    };
  }

  const users: BenchUser[] = [];
  // A password is hashed on one core: more at once would only wait.
  await closedLoop(count, 2, async () => void users.push(await signUp()));
  return {
    users,
    pay: async (reference) => void (await post(revio, '/_sim/pay', { reference })),
    close: async () => void (await Promise.all([gateway.close(), revio.close()])),
  };
}
