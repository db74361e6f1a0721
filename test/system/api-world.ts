import { randomUUID } from 'node:crypto';
import { samples } from '#libs/contracts';
import type { Access, Operation, OperationExample } from '#libs/http';
import { poll } from '#libs/testing';
import { addressOf } from '../../deploy/generate/openapi.ts';
import { grantRole } from '../../deploy/grant-role/grant-role.ts';
import { type Answer, type Client, call, expectStatus } from './client.ts';
import { type System, startSystem } from './start-system.ts';

/** Who asks. The samples of the descriptions are `userA`'s, but for `userId`, whom the admins deal with. */
export const personas = ['nobody', 'userA', 'userB', 'support', 'admin'] as const;
export type Persona = (typeof personas)[number];

/** A running system in which everything is there that the examples of the API description speak of. */
export interface ApiWorld {
  system: System;
  /** Puts the real thing wherever a sample stands. */
  real<T>(value: T): T;
  tokens: Record<Exclude<Persona, 'nobody'>, string>;
  /** Carries out an example as somebody; `changes` to it are made after the real things are in their places. */
  ask(who: Persona, operation: Operation, example: OperationExample, changes?: Partial<Request>): Promise<Answer>;
}

interface Request {
  path: string;
  /** Instead of the example's; a string goes as it is. */
  body: unknown;
  headers: Record<string, string>;
}

export const askerOf: Record<Access, Persona> = { public: 'nobody', user: 'userA', staff: 'support', admin: 'admin' };

const settings = {
  payments: { RETRY_MIN_MS: '100', WORKER_INTERVAL_MS: '100' },
  reconciler: {
    SWEEP_INTERVAL_MS: '100',
    EARLY_READ_STEPS_MS: '300,300',
    // So that a payout whose answer is lost becomes a case, which the examples are about.
    REVIO_EXECUTE_WINDOW_ENFORCED: 'false',
    REVIO_EXECUTE_WINDOW_MS: '1500',
  },
};

export async function startApiWorld(): Promise<ApiWorld> {
  const system = await startSystem({ settings });
  const [userA, userB, support, admin, otherAdmin] = await Promise.all([
    system.funded('500.00'),
    system.funded('500.00'),
    staff(system, 'support'),
    staff(system, 'admin'),
    staff(system, 'admin'),
  ]);
  const things = await makeThings(system, userA, userB, otherAdmin);
  const tokens = { userA: userA.token, userB: userB.token, support: support.token, admin: admin.token };
  const real = <T>(value: T): T => replaced(value, things) as T;

  const ask: ApiWorld['ask'] = (who, operation, example, { path, body, headers = {} } = {}) => {
    const { params = {}, query = {} } = example;
    const address = addressOf(operation).replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => real(params[name]) ?? '');
    const asked = new URLSearchParams(real(query)).toString();
    return call(
      operation.method,
      system.gatewayUrl + (path ?? (asked === '' ? address : `${address}?${asked}`)),
      body === undefined ? real(example.body) : body,
      {
        ...(who === 'nobody' ? {} : { authorization: `Bearer ${tokens[who]}` }),
        ...(operation.keyed ? { 'idempotency-key': randomUUID() } : {}),
        ...(operation.conditional ? { 'if-match': real(samples.etag) as string } : {}),
        ...headers,
      },
    );
  };
  return { system, real, tokens, ask };
}

async function makeThings(system: System, userA: Client, userB: Client, otherAdmin: Client) {
  const deposit = expectStatus(await userA.deposit('150.00'), 201).body;
  const { caseId, withdrawalId } = await lostPayout(system, userA, otherAdmin);
  const userId: string = (await userB.call('GET', '/me')).body.id;
  const grounds = { reason_code: 'goodwill', evidence: 'a letter' };
  const adjustment = expectStatus(
    await otherAdmin.call('POST', '/admin/adjustments', {
      user_id: userId,
      currency: 'ZAR',
      amount: '15.00',
      direction: 'credit',
      ...grounds,
    }),
    201,
  );
  const freeze = { scope: 'wallet', user_id: userId, currency: 'USD', reason: 'suspected_fraud' };
  const things: Record<string, string> = {
    [samples.email]: userA.email,
    [samples.userId]: userId,
    [samples.bankAccountId]: userA.bankAccountId,
    [samples.depositId]: deposit.id,
    [samples.withdrawalId]: withdrawalId,
    [samples.caseId]: caseId,
    [samples.adjustmentId]: adjustment.body.id,
    [samples.etag]: adjustment.headers.get('etag') ?? '',
    [samples.freezeId]: expectStatus(await otherAdmin.call('POST', '/admin/freezes', freeze), 201).body.id,
  };
  return things;
}

/** A withdrawal whose execute call was cut off, and the case that nobody knows how it ended. */
async function lostPayout(system: System, user: Client, admin: Client) {
  system.simulator.control.faults.add({ route: 'POST /po/{id}/bank/', kind: 'reset' });
  const withdrawalId: string = expectStatus(await user.withdraw('60.00'), 202).body.id;
  const found = await poll(
    async () => {
      const { body } = await admin.call('GET', '/admin/cases?status=open');
      return body.data.find((each: { transaction_id: string | null }) => each.transaction_id === withdrawalId);
    },
    { timeoutMs: 30_000 },
  );
  return { withdrawalId, caseId: String(found.id) };
}

async function staff(system: System, role: 'support' | 'admin'): Promise<Client> {
  const user = await system.signUp();
  if (!(await grantRole(system.databases.gateway.ownerUrl, user.email, role)))
    throw new Error('nobody has this e-mail');
  const login = { email: user.email, password: samples.password };
  const { body } = expectStatus(await call('POST', `${system.gatewayUrl}/api/v1/auth/login`, login), 200);
  const token: string = body.access_token;
  return {
    ...user,
    token,
    call: (method, path, json) =>
      call(method, `${system.gatewayUrl}/api/v1${path}`, json, { authorization: `Bearer ${token}` }),
  };
}

function replaced(value: unknown, things: Record<string, string>): unknown {
  if (typeof value === 'string') return things[value] ?? value;
  if (Array.isArray(value)) return value.map((inner) => replaced(inner, things));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaced(inner, things)]));
}
