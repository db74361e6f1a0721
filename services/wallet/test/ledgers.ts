import pg from 'pg';
import { expect } from 'vitest';
import type { Envelope } from '#libs/contracts';
import { connectDatabase, createMemoryDatabase, type Database, over } from '#libs/db';
import { memoryMessages, postgresMessages } from '#libs/messaging';
import { createKeyed, createLogger, newId, newUuid, systemClock } from '#libs/runtime';
import { freshDatabase } from '#libs/testing';
import { readBooks } from '../../../deploy/audit/books.ts';
import { audit } from '../../../deploy/audit/rules.ts';
import { createHoldBatches } from '../src/batch-holds.ts';
import { entities, entrySchema, postingSchema, walletSchema } from '../src/entities.ts';
import type { LedgerDeps } from '../src/in-wallet.ts';
import type { Posting } from '../src/ledger/booking.ts';
import type { Claim, Hold, Owner, Wallet } from '../src/ledger/ledger.ts';
import { memoryLedger } from '../src/ledger/ledger-store.memory.ts';
import { postgresLedger, type WalletTx } from '../src/ledger/ledger-store.ts';
import { placeHolds } from '../src/ledger/place-holds.ts';
import { expectSound } from './expect-sound.ts';

/** A ledger to try, on either store, and everything that is written in it. */
export type TestLedger = {
  deps: LedgerDeps;
  wallet(owner: Owner): Promise<Wallet | undefined>;
  hold(transactionId: string): Promise<Hold | undefined>;
  postings(transactionId: string): Promise<Posting[]>;
  /** The events that committed, in order, by type and transaction. */
  sent(transactionId: string): Promise<Envelope[]>;
  freeze(owner: Owner): Promise<void>;
  /** Fails the test when a promise of the ledger is broken. */
  expectSound(): Promise<void>;
  close(): Promise<void>;
};

export const logger = createLogger({ name: 'wallet', level: 'silent' });
const now = () => systemClock.now();
/** Of every currency: none, unless a test says so. */
const limitsOf: LedgerDeps['limitsOf'] = () => ({ dailyMinor: null, monthlyMinor: null });

const messages = { source: 'wallet', newUuid, now } as const;

export const foreignId = (): string => newUuid();
export const owner = (): Owner => ({ userId: newUuid(), currency: 'ZAR' });
export const withdrawalOf = (who: Owner, amountMinor: bigint): Claim => ({
  ...who,
  amountMinor,
  transactionId: newId('wd'),
});
export const adjustmentOf = (who: Owner, amountMinor: bigint, direction: 'credit' | 'debit') => ({
  ...who,
  amountMinor,
  direction,
  transactionId: newId('adj'),
});
export const depositOf = (who: Owner, amountMinor: bigint) => ({
  ...who,
  amountMinor,
  transactionId: newId('dep'),
  purchaseId: foreignId(),
});

export function memoryTestLedger(): TestLedger {
  const memory = createMemoryDatabase();
  const { tx, books } = memoryLedger(memory);
  const outbox = memoryMessages(memory, messages);
  const all = () => ({ wallets: books.wallets.all(), postings: books.postings.all(), entries: books.entries.all() });
  const find = ({ userId, currency }: Owner) =>
    books.wallets.filter((row) => row.userId === userId && row.currency === currency)[0];
  return {
    deps: { transact: memory.over({ ...tx, ...outbox }), queue: createKeyed(), clock: systemClock, newUuid, limitsOf },
    wallet: async (who) => find(who),
    hold: async (id) => books.holds.get(id),
    postings: async (id) => books.postings.filter((row) => row.transactionId === id),
    sent: async (id) => outbox.enqueued().filter((event) => event.correlationid === id),
    freeze: async (who) => {
      books.wallets.update(`${who.userId} ${who.currency}`, { frozenAt: now() });
    },
    expectSound: async () => expectSound(all()),
    close: async () => {},
  };
}

/** `batchMax`: holds go many in one transaction; without it each by itself, by the rule. `through` another URL, if given. */
type InstanceOptions = { through?: string; batchMax?: number; lanes?: number; now?: () => Date };

type PostgresTestLedger = TestLedger & {
  url: string;
  ownerUrl: string;
  /** Another instance of the service on the same database: a pool and queues of its own. */
  another(options?: InstanceOptions): Promise<LedgerDeps>;
};

export async function postgresTestLedger(options: InstanceOptions = {}): Promise<PostgresTestLedger> {
  const { url, ownerUrl, close } = await freshDatabase('wallet');
  const instances: Database[] = [];
  const instance = async ({ through = url, batchMax, lanes = 2, now = systemClock.now }: InstanceOptions) => {
    const db = await connectDatabase({ url: through, entities, poolMax: 10, applicationName: 'wallet', logger });
    instances.push(db);
    const deps = { transact: transactOn(db), queue: createKeyed(), clock: { now }, newUuid, limitsOf };
    return {
      db,
      deps: batchMax === undefined ? deps : { ...deps, batchHolds: batching(db, { batchMax, lanes }, now) },
    };
  };
  const { db, deps } = await instance(options);
  const asOwner = async (text: string, values: unknown[]) => {
    const client = new pg.Client({ connectionString: ownerUrl });
    await client.connect();
    await client.query(text, values).finally(() => client.end());
  };
  return {
    deps,
    url,
    ownerUrl,
    another: async (another = {}) => (await instance(another)).deps,
    wallet: async ({ userId, currency }) =>
      (await db.dataSource.getRepository(walletSchema).findOneBy({ userId, currency })) ?? undefined,
    hold: (id) => db.transact(async (sql) => (await postgresLedger(sql).findHold(id)) ?? undefined),
    postings: (transactionId) =>
      db.dataSource.getRepository(postingSchema).find({ where: { transactionId }, order: { walletVersion: 'ASC' } }),
    sent: async (id) => {
      const text = `SELECT envelope FROM outbox WHERE envelope->>'correlationid' = $1 ORDER BY id`;
      return (await db.read.rows<{ envelope: Envelope }>(text, [id])).map(({ envelope }) => envelope);
    },
    freeze: ({ userId, currency }) =>
      asOwner('UPDATE wallets SET frozen_at = now() WHERE user_id = $1 AND currency = $2', [userId, currency]),
    expectSound: async () => {
      const { dataSource } = db;
      expectSound({
        wallets: await dataSource.getRepository(walletSchema).find(),
        postings: await dataSource.getRepository(postingSchema).find(),
        entries: await dataSource.getRepository(entrySchema).find(),
      });
      expect(audit(await readBooks({ wallet: ownerUrl }, []), { atRest: false })).toEqual([]);
    },
    close: async () => {
      await Promise.all(instances.map((opened) => opened.close()));
      await close();
    },
  };
}

const batching = (db: Database, size: { batchMax: number; lanes: number }, now: () => Date) => {
  const place = placeHolds({ oneTrip: db.oneTrip, clock: { now }, newUuid });
  return createHoldBatches({ place, ...size });
};

const transactOn = (db: Database) =>
  over<WalletTx>(db, (sql) => ({ ...postgresLedger(sql), ...postgresMessages(sql, messages) }));
