import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import type { Envelope, EventType, Observation } from '#libs/contracts';
import { connectDatabase, createMemoryDatabase, type Database, over } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { freshDatabase } from '#libs/testing';
import type { Case } from '../src/cases/case.ts';
import type { Deps } from '../src/deps.ts';
import { entities } from '../src/entities.ts';
import { type Expectation, expectTransaction } from '../src/expect-transaction.ts';
import { observe, type Seen } from '../src/observe.ts';
import { memoryReconcilerTx } from '../src/reconciler-store.memory.ts';
import { postgresReconcilerTx, type Waiting } from '../src/reconciler-store.ts';
import { noOutage, sweep } from '../src/sweep.ts';
import type { Verdict } from '../src/verdict.ts';
import { at, plan, policy, userId } from './samples.ts';

/** A reconciler on either store, at a time of its own. */
export interface World {
  deps: Deps;
  /** Seconds after the start of the samples. */
  time: { now: number };
  verdicts(transactionId: string): Promise<Verdict[]>;
  cases(): Promise<readonly Case[]>;
  waiting(): Promise<readonly Waiting[]>;
  sent(type: EventType): Promise<Envelope[]>;
  nextReadAt(objectId: string): Promise<Date | null>;
  close(): Promise<void>;
}

export const logger = createLogger({ name: 'reconciler', level: 'silent' });
export const newDepositId = (): string => `dep_${ulid()}`;
export const newWithdrawalId = (): string => `wd_${ulid()}`;

function timed() {
  const time = { now: 0 };
  const clock = { now: () => at(time.now) };
  return { time, clock, messages: { source: 'reconciler', newUuid: randomUUID, now: () => clock.now() } as const };
}

export function memoryWorld(): World {
  const { time, clock, messages } = timed();
  const memory = createMemoryDatabase();
  const tx = memoryReconcilerTx(memory, messages);
  return {
    deps: { transact: memory.over(tx), clock, newUuid: randomUUID, policy, plan },
    time,
    verdicts: (transactionId) => tx.verdictsOf(transactionId),
    cases: async () => tx.cases(),
    waiting: async () => tx.waiting(),
    sent: async (type) => tx.enqueued().filter((event) => event.type === type),
    nextReadAt: async (objectId) => (await tx.lockObject(objectId, 'purchase')).nextReadAt,
    close: async () => {},
  };
}

export interface PostgresWorld extends World {
  db: Database;
  ownerUrl: string;
  /** A second replica: another pool on the same database. */
  replica: Deps;
}

export async function postgresWorld(): Promise<PostgresWorld> {
  const { time, clock, messages } = timed();
  const fresh = await freshDatabase('reconciler');
  const connect = () =>
    connectDatabase({ url: fresh.url, entities, poolMax: 10, applicationName: 'reconciler', logger });
  const [db, second] = await Promise.all([connect(), connect()]);
  const on = (base: Database): Deps => ({
    transact: over(base, (sql) => postgresReconcilerTx(sql, messages)),
    clock,
    newUuid: randomUUID,
    policy,
    plan,
  });
  const deps = on(db);
  const rows = <Row>(text: string, values: unknown[] = []) => db.read.rows<Row>(text, values);
  return {
    deps,
    replica: on(second),
    time,
    db,
    ownerUrl: fresh.ownerUrl,
    verdicts: (transactionId) => deps.transact((tx) => tx.verdictsOf(transactionId)),
    cases: () => deps.transact((tx) => tx.listCases(1_000)),
    waiting: () => rows<Waiting>('SELECT id, object_id AS "objectId", observation FROM waiting'),
    sent: async (type) => {
      const sent = await rows<{ envelope: Envelope }>('SELECT envelope FROM outbox WHERE type = $1 ORDER BY id', [
        type,
      ]);
      return sent.map(({ envelope }) => envelope);
    },
    nextReadAt: async (objectId) => {
      const [row] = await rows<{ at: Date | null }>('SELECT next_read_at AS at FROM objects WHERE object_id = $1', [
        objectId,
      ]);
      return row?.at ?? null;
    },
    close: async () => {
      await Promise.all([db.close(), second.close()]);
      await fresh.close();
    },
  };
}

export const observed = (deps: Deps, observation: Observation, seen: Partial<Seen> = {}) =>
  observe(deps, { messageId: randomUUID(), observation, ...seen });

/** What payments tells of a transaction; with an object when its purchase was created or its payout submitted. */
export const told = (deps: Deps, transactionId: string, changed: Partial<Expectation> = {}) =>
  expectTransaction(deps, {
    messageId: randomUUID(),
    transactionId,
    userId,
    currency: 'ZAR',
    amountMinor: transactionId.startsWith('dep') ? 15_000n : 6_000n,
    requestedAt: at(0),
    dueAt: null,
    executeSentAt: null,
    object: null,
    ...changed,
  });

export const purchaseTold = (deps: Deps, transactionId: string, objectId: string) =>
  told(deps, transactionId, { dueAt: at(3600), object: { objectId, objectType: 'purchase' } });

export const payoutTold = (deps: Deps, transactionId: string, objectId: string) =>
  told(deps, transactionId, { executeSentAt: at(2), object: { objectId, objectType: 'payout' } });

/** Sweeps with `truth` as Revio; an object that it does not know fails to be read. */
export const swept = (deps: Deps, truth: (objectId: string) => Observation | undefined, pageMax = 10) =>
  sweep({
    ...deps,
    pageMax,
    concurrencyMax: 2,
    leaseMs: 60_000,
    outage: noOutage(),
    pauseMs: 30_000,
    readProvider: async ({ objectId }) => {
      const observation = truth(objectId);
      return observation === undefined ? { kind: 'failed' } : { kind: 'read', observation };
    },
  });
