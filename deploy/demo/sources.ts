import pg from 'pg';
import type { Message, Posting } from './words.ts';

/** A transaction has a dozen messages. */
const MESSAGES_MAX = 200;

export type StoredMessage = { id: string; envelope: Message; published: boolean };
export type StoredPosting = Posting & { id: string };

/** What anybody with a look into the databases can follow a transaction by. */
export type Sources = {
  /** The rows of all outboxes that are about it, each outbox in its own order. */
  messagesAbout: (transactionId: string) => Promise<StoredMessage[]>;
  /** What the wallet's audit views say of it, oldest first. */
  postingsOf: (transactionId: string) => Promise<StoredPosting[]>;
  close: () => Promise<void>;
};

export async function openSources(databases: Record<string, string>): Promise<Sources> {
  const clients = await Promise.all(Object.entries(databases).map(connect));
  const outboxes = (await Promise.all(clients.map(([, client]) => openOutbox(client)))).filter(
    (one) => one !== undefined,
  );
  const wallet = clients.find(([service]) => service === 'wallet')?.[1];
  if (wallet === undefined) throw new Error('the wallet has no database');
  return {
    messagesAbout: async (id) => (await Promise.all(outboxes.map((outbox) => messagesAbout(outbox, id)))).flat(),
    postingsOf: (id) => postingsOf(wallet, id),
    close: async () => {
      await Promise.all(clients.map(([, client]) => client.end()));
    },
  };
}

async function connect([service, connectionString]: [string, string]): Promise<[string, pg.Client]> {
  const client = new pg.Client({ connectionString, application_name: 'demo' });
  client.on('error', () => {
    // A connection that dies is told by the query that waits for it.
  });
  await client.connect();
  return [service, client];
}

type Outbox = { client: pg.Client; afterId: string };

/** From its present end on, so that no look reads a long history; undefined for a service that tells nobody anything. */
async function openOutbox(client: pg.Client): Promise<Outbox | undefined> {
  const { rows } = await client.query<{ present: boolean }>(
    `SELECT to_regclass('public.outbox') IS NOT NULL AS present`,
  );
  if (rows[0]?.present !== true) return undefined;
  const last = await client.query<{ id: string }>('SELECT coalesce(max(id), 0)::text AS id FROM outbox');
  return { client, afterId: last.rows[0]?.id ?? '0' };
}

async function messagesAbout({ client, afterId }: Outbox, transactionId: string): Promise<StoredMessage[]> {
  const { rows } = await client.query<StoredMessage>(
    `SELECT message_id AS id, envelope, published_at IS NOT NULL AS published FROM outbox
     WHERE id > $1 AND envelope->>'correlationid' = $2 ORDER BY outbox.id LIMIT ${MESSAGES_MAX}`,
    [afterId, transactionId],
  );
  return rows;
}

type EntryRow = { tx_id: string; effect: string; account_id: string; amount_minor: string | bigint; created_at: Date };

async function postingsOf(wallet: pg.Client, transactionId: string): Promise<StoredPosting[]> {
  const { rows } = await wallet.query<EntryRow>(
    `SELECT tx_id, effect, account_id, amount_minor, created_at FROM audit.op_txs JOIN audit.entries USING (tx_id)
     WHERE op_id = $1 ORDER BY created_at, entry_id`,
    [transactionId],
  );
  const postings = new Map<string, StoredPosting>();
  for (const { tx_id: id, effect, created_at, account_id, amount_minor } of rows) {
    const posting = postings.get(id) ?? { id, effect, atMs: created_at.getTime(), entries: [] };
    posting.entries.push({ account: account_id, amountMinor: BigInt(amount_minor) });
    postings.set(id, posting);
  }
  return [...postings.values()];
}
