import { type Envelope, parseEnvelope } from '#libs/contracts';
import { connectDatabase, createMemoryDatabase, type Database, over, type Transact } from '#libs/db';
import { createLogger, newId, newUuid } from '#libs/runtime';
import { freshDatabase } from '#libs/testing';
import { entities } from '../src/entities.ts';
import { memoryPaymentsTx, type PaymentsTx, postgresPaymentsTx } from '../src/payments-tx.ts';
import { type Transaction, unused } from '../src/transaction/transaction.ts';

/** The stores to try on one of their two implementations. */
export interface Stores {
  transact: Transact<PaymentsTx>;
  /** The events that committed about one transaction, in order. */
  sent(transactionId: string): Promise<Envelope[]>;
  close(): Promise<void>;
}

export const logger = createLogger({ name: 'payments', level: 'silent' });

const messages = { source: 'payments', newUuid, now: () => new Date() } as const;

export function memoryStores(): Stores {
  const memory = createMemoryDatabase();
  const tx = memoryPaymentsTx(memory, messages);
  return {
    transact: memory.over<PaymentsTx>(tx),
    sent: async (id) => tx.enqueued().filter((event) => event.correlationid === id),
    close: async () => undefined,
  };
}

export interface PostgresStores extends Stores {
  db: Database;
  url: string;
  ownerUrl: string;
}

/** `through` another URL than the database's own: a proxy. */
export async function postgresStores(): Promise<PostgresStores> {
  const fresh = await freshDatabase('payments');
  const db = await connectDatabase({ url: fresh.url, entities, poolMax: 16, applicationName: 'test', logger });
  return {
    db,
    url: fresh.url,
    ownerUrl: fresh.ownerUrl,
    transact: over<PaymentsTx>(db, (sql) => postgresPaymentsTx(sql, messages)),
    sent: async (id) => {
      const rows = await db.read.rows<{ envelope: unknown }>(
        `SELECT envelope FROM outbox WHERE envelope->>'correlationid' = $1 ORDER BY id`,
        [id],
      );
      return rows.map(({ envelope }) => parseEnvelope(JSON.stringify(envelope)));
    },
    close: async () => {
      await db.close();
      await fresh.close();
    },
  };
}

/** Whole milliseconds, as both stores keep them. */
export const at = (ms: number): Date => new Date(Date.UTC(2026, 0, 1) + ms);

export const newDeposit = (change: Partial<Transaction> = {}): Transaction => ({
  ...unused,
  id: newId('dep'),
  userId: newUuid(),
  kind: 'deposit',
  status: 'pending',
  amountMinor: 15_000n,
  currency: 'ZAR',
  emailSealed: 'sealed',
  nextStep: 'create_purchase',
  leasedUntil: at(1_000),
  attempts: 1,
  createdAt: at(0),
  updatedAt: at(0),
  ...change,
});

export const newWithdrawal = (change: Partial<Transaction> = {}): Transaction =>
  newDeposit({ id: newId('wd'), kind: 'withdrawal', bankAccountId: newUuid(), nextStep: 'place_hold', ...change });
