import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect } from 'vitest';
import { poll } from '#libs/testing';
import { grantRole } from '../../deploy/grant-role/grant-role.ts';
import { type Answer, type Client, call, expectStatus, signUp } from '../system/client.ts';
import type { TappedSystem } from './tapped-system.ts';

/** What was killed is up again in a second or two, its leases and windows are over after ten; a loaded machine takes several times that. */
const healMs = 120_000;
export const healed = <R>(look: () => R | Promise<R>, intervalMs = 50): Promise<NonNullable<R>> =>
  poll(look, { timeoutMs: healMs, intervalMs });

/** As a client does: the same again, with the same key, until it is answered so. */
const insist = (ask: () => Promise<Answer>, ...statuses: number[]): Promise<Answer> =>
  healed(async () => expectStatus(await ask(), ...statuses));

type Staff = (path: string, json: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Who plays, and who looks on: what ended is read in the databases, for a look through the gateway would be a call of its own. */
export interface Stage {
  client: Client;
  userId: string;
  /** A bank account whose bank refuses later. */
  refusedAccountId: string;
  system: TappedSystem;
  maker: Staff;
  checker: Staff;
  rows(
    service: 'payments' | 'wallet' | 'reconciler',
    text: string,
    values: unknown[],
  ): Promise<Record<string, string>[]>;
  leave(): Promise<void>;
}

/** More than all withdrawals of a whole sweep together. */
const funds = '900000.00';
const tooMuch = '990000.00';

export async function openStage(system: TappedSystem): Promise<Stage> {
  const client = await signUp(system.gatewayUrl);
  const account = { bank_code: '250655', account_number: '62000000000000', account_holder: 'T MOKOENA' };
  const refusedAccountId = expectStatus(await client.call('POST', '/bank-accounts', account), 201).body.id;
  const userId: string = expectStatus(await client.call('GET', '/me'), 200).body.id;
  const [maker, checker] = await Promise.all([admin(system), admin(system)]);
  const books = new Map(
    await Promise.all(
      (['payments', 'wallet', 'reconciler'] as const).map(async (service) => {
        const reader = new pg.Client({ connectionString: system.databases[service].ownerUrl });
        await reader.connect();
        return [service, reader] as const;
      }),
    ),
  );
  const stage: Stage = {
    ...{ client, userId, refusedAccountId, system, maker, checker },
    rows: async (service, text, values) => (await books.get(service)?.query(text, values))?.rows ?? [],
    leave: async () => void (await Promise.all([...books.values()].map((reader) => reader.end()))),
  };
  await deposited(stage, funds);
  return stage;
}

async function admin(system: TappedSystem): Promise<Staff> {
  const { email } = await signUp(system.gatewayUrl);
  await grantRole(system.databases.gateway.ownerUrl, email, 'admin');
  const login = `${system.gatewayUrl}/api/v1/auth/login`;
  const { body } = expectStatus(await call('POST', login, { email, password: 'Correct-Horse-1' }), 200);
  const authorization = `Bearer ${body.access_token}`;
  return (path, json, headers = {}) =>
    call('POST', `${system.gatewayUrl}/api/v1/admin${path}`, json, { authorization, ...headers });
}

/** Resolves with the reason, once it has one of these statuses. */
async function ended(stage: Stage, id: string, ...statuses: string[]): Promise<Record<string, string>> {
  return healed(async () => {
    const [row] = await stage.rows('payments', 'SELECT status, reason FROM transactions WHERE id = $1', [id]);
    if (row !== undefined && statuses.includes(row['status'] ?? '')) return row;
    throw new Error(`${id} is ${row?.['status']} ${row?.['reason'] ?? ''}, not ${statuses.join(' or ')}`);
  });
}

const reversed = (stage: Stage, id: string) =>
  healed(
    async () => (await stage.rows('payments', 'SELECT FROM transactions WHERE reversal_of = $1', [id])).length > 0,
  );

async function asked(stage: Stage, amount: string): Promise<{ id: string; purchase: { id: string } }> {
  const key = randomUUID();
  const { id } = (await insist(() => stage.client.deposit(amount, { key }), 201, 202)).body;
  const shown = await healed(async () => {
    const [row] = await stage.rows('payments', 'SELECT purchase_id AS id FROM transactions WHERE id = $1', [id]);
    return row?.['id'];
  });
  return { id, purchase: { id: shown } };
}

async function deposited(stage: Stage, amount: string) {
  const deposit = await asked(stage, amount);
  stage.system.simulator.control.pay(deposit.purchase);
  await ended(stage, deposit.id, 'completed');
  return deposit;
}

async function withdrawn(stage: Stage, amount: string, bankAccountId = stage.client.bankAccountId): Promise<string> {
  const key = randomUUID();
  return (await insist(() => stage.client.withdraw(amount, { key, bankAccountId }), 202)).body.id;
}

/**
 * Paid out, or not even tried: a process that died between its intent and its call leaves nobody who may call again, so that it fails as
 * never executed, with its money back.
 */
async function paidOut(stage: Stage, id: string): Promise<number> {
  const { status, reason } = await ended(stage, id, 'completed', 'failed');
  if (status === 'completed') return -10;
  expect(reason).toBe('not_executed');
  return 0;
}

/** Plays to the end, and returns by how much the balance must have changed. `begin`: from here on every border counts. */
type Flow = (stage: Stage, begin: () => Promise<void>) => Promise<number>;

export const flows: Record<string, Flow> = {
  'deposit paid': async (stage, begin) => {
    await begin();
    await deposited(stage, '10.00');
    return 10;
  },
  'deposit declined': async (stage, begin) => {
    await begin();
    const { id, purchase } = await asked(stage, '10.00');
    stage.system.simulator.control.decline(purchase);
    await ended(stage, id, 'failed');
    return 0;
  },
  'deposit expired, paid late': async (stage, begin) => {
    await begin();
    const { id, purchase } = await asked(stage, '10.00');
    stage.system.simulator.control.expire(purchase);
    await ended(stage, id, 'expired');
    stage.system.simulator.control.latePay(purchase);
    await ended(stage, id, 'completed');
    return 10;
  },
  'deposit refunded': async (stage, begin) => {
    const { id, purchase } = await deposited(stage, '10.00');
    await begin();
    stage.system.simulator.control.refund(purchase);
    await reversed(stage, id);
    return 0;
  },
  'deposit charged back': async (stage, begin) => {
    const { id, purchase } = await deposited(stage, '10.00');
    await begin();
    stage.system.simulator.control.chargeback(purchase);
    await reversed(stage, id);
    return 0;
  },
  'withdrawal paid out': async (stage, begin) => {
    await begin();
    return paidOut(stage, await withdrawn(stage, '10.00'));
  },
  'withdrawal refused by the bank': async (stage, begin) => {
    await begin();
    await ended(stage, await withdrawn(stage, '10.00', stage.refusedAccountId), 'failed');
    return 0;
  },
  'withdrawal refused for want of money': async (stage, begin) => {
    await begin();
    const key = randomUUID();
    const answer = await insist(() => stage.client.withdraw(tooMuch, { key }), 202, 422);
    if (answer.status === 202) await ended(stage, answer.body.id, 'failed');
    return 0;
  },
  'withdrawal cancelled': async (stage, begin) => {
    await begin();
    const id = await withdrawn(stage, '2000.00');
    await insist(() => stage.client.cancel(id), 202);
    await ended(stage, id, 'cancelled');
    return 0;
  },
  'withdrawal unknown, found paid out': async (stage, begin) => {
    stage.system.simulator.control.faults.add({ route: 'POST /po/{id}/bank/', kind: 'effect_then_drop' });
    await begin();
    return paidOut(stage, await withdrawn(stage, '10.00'));
  },
  'payout returned': async (stage, begin) => {
    let id = await withdrawn(stage, '10.00');
    while ((await paidOut(stage, id)) === 0) id = await withdrawn(stage, '10.00'); // so slow was the machine
    await begin();
    stage.system.simulator.control.payoutReturn({ reference: id });
    await reversed(stage, id);
    return 0;
  },
  'adjustment by two people': async (stage, begin) => {
    const grounds = { reason_code: 'bank_confirmed', evidence: `statement line ${randomUUID()}` };
    const idea = { user_id: stage.userId, currency: 'ZAR', amount: '15.00', direction: 'credit', ...grounds };
    await begin();
    const proposal = await insist(() => stage.maker('/adjustments', idea), 201);
    const id: string = proposal.body.id;
    const etag = { 'if-match': proposal.headers.get('etag') ?? '' };
    await insist(() => stage.checker(`/proposals/${id}/approve`, {}, etag), 200, 409);
    await healed(
      async () =>
        (await stage.rows('reconciler', 'SELECT state FROM proposals WHERE id = $1', [id]))[0]?.['state'] ===
        'executed',
    );
    return 15;
  },
};
