import { connectDatabase, type Database } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { freshDatabase } from '#libs/testing';
import { entities } from '../src/entities.ts';

/** A database of the gateway's, as the service itself sees it, and as its owner does. */
export async function openDatabase(): Promise<{
  db: Database;
  owner: Database;
  ownerUrl: string;
  close(): Promise<void>;
}> {
  const fresh = await freshDatabase('gateway');
  const logger = createLogger({ name: 'test', level: 'silent' });
  const open = (url: string) => connectDatabase({ url, entities, poolMax: 8, applicationName: 'test', logger });
  const [db, owner] = await Promise.all([open(fresh.url), open(fresh.ownerUrl)]);
  return {
    db,
    owner,
    ownerUrl: fresh.ownerUrl,
    close: async () => {
      await Promise.all([db.close(), owner.close()]);
      await fresh.close();
    },
  };
}
