import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { Contended, connectDatabase, constraintOf, type Database, isUnavailable, UnknownCommit } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { type FreshDatabase, freshDatabase, poll, type TcpProxy, tcpProxy } from '#libs/testing';
import { Accounts1763800000000 } from './accounts.ts';

/** With its end, for `BEGIN ISOLATION LEVEL READ COMMITTED` has it too. */
const COMMIT = 'COMMIT\0';
const logger = createLogger({ name: 'test', level: 'silent' });

let fresh: FreshDatabase;
let proxy: TcpProxy;
/** Straight to the server, and the same through a network that can be cut. */
let db: Database;
let far: Database;
const metrics = createMetrics('test');

const connectTo = (url: string, poolMax = 10) =>
  connectDatabase({ url, entities: [], poolMax, applicationName: 'test', logger, metrics });

beforeAll(async () => {
  fresh = await freshDatabase('wallet', [Accounts1763800000000]);
  proxy = await tcpProxy(fresh.ownerUrl);
  db = await connectTo(fresh.ownerUrl);
  far = await connectTo(proxy.url, 2);
});

afterAll(async () => {
  await Promise.all([db?.close(), far?.close()]);
  await proxy?.close();
  await fresh?.close();
});

beforeEach(async () => {
  await db.read.run('DELETE FROM accounts');
  await db.read.run('DELETE FROM effects');
  await db.read.run(`INSERT INTO accounts (id, balance) VALUES ('a', 100), ('b', 100)`);
});

const balances = () => db.read.rows<{ id: string; balance: bigint }>('SELECT id, balance FROM accounts ORDER BY id');
const effects = () => db.read.rows<{ source_id: string }>('SELECT source_id FROM effects');
const counted = async (name: string) => {
  const line = (await metrics.render()).text.split('\n').find((text) => text.startsWith(name));
  return Number(line?.split(' ').at(-1));
};

describe('a transaction', () => {
  test('is all or nothing', async () => {
    await expect(
      db.transact(async (tx) => {
        await tx.run(`UPDATE accounts SET balance = 0 WHERE id = 'a'`);
        throw new Error('second thoughts');
      }),
    ).rejects.toThrow('second thoughts');
    expect((await balances())[0]).toEqual({ id: 'a', balance: 100n });
  });

  test('F6: is on disk before it is answered: no connection of ours turns synchronous_commit off', async () => {
    // By the service's own URL: the owner's sets options of its own.
    const own = await connectTo(fresh.url, 1);
    const show = 'SHOW synchronous_commit';
    expect(await own.transact((tx) => tx.rows(show))).toEqual([{ synchronous_commit: 'on' }]);
    expect(await own.read.rows(show)).toEqual([{ synchronous_commit: 'on' }]);
    await own.close();
  });

  test('bigints beyond 2^53 come back exact', async () => {
    await db.transact((tx) => tx.run(`UPDATE accounts SET balance = $1 WHERE id = 'a'`, [9_007_199_254_740_993n]));
    expect((await balances())[0]).toEqual({ id: 'a', balance: 9_007_199_254_740_993n });
  });

  test('a violated check passes through by its name, with one attempt', async () => {
    let attempts = 0;
    const failed = await db
      .transact(async (tx) => {
        attempts += 1;
        await tx.run(`UPDATE accounts SET balance = -1 WHERE id = 'a'`);
      })
      .catch((error: unknown) => error);
    expect(constraintOf(failed)).toBe('accounts_balance_not_negative');
    expect(isUnavailable(failed)).toBe(false);
    expect(attempts).toBe(1);
  });

  test('F6: a row that somebody else keeps locked, and a statement that takes too long, are "try later" and no failure of the work', async () => {
    const busy = await db
      .transact(async (tx) => {
        await tx.run(`UPDATE accounts SET balance = balance WHERE id = 'a'`);
        return db
          .transact(async (other) => {
            await other.run(`SET LOCAL lock_timeout = '50ms'`);
            await other.run(`UPDATE accounts SET balance = balance WHERE id = 'a'`);
          })
          .catch((error: unknown) => error);
      })
      .then((error) => error as { code: string });
    expect([busy.code, isUnavailable(busy)]).toEqual(['55P03', true]);
    const slow = await db
      .transact(async (tx) => {
        await tx.run(`SET LOCAL statement_timeout = '50ms'`);
        await tx.run('SELECT pg_sleep(5)');
      })
      .catch((error: { code: string }) => error);
    expect([(slow as { code: string }).code, isUnavailable(slow)]).toEqual(['57014', true]);
  });

  test('F5: an error swallowed inside is an error at COMMIT, not a success', async () => {
    const lost = db.transact(async (tx) => {
      await tx.run(`INSERT INTO effects (source_id) VALUES ('swallowed')`);
      await tx.run('SELECT 1 / 0').catch(() => {});
    });
    await expect(lost).rejects.toThrow('COMMIT was answered by ROLLBACK');
    expect(await effects()).toEqual([]);
  });

  test('a statement after its end is refused', async () => {
    const leaked = await db.transact(async (tx) => tx);
    await expect(leaked.run('SELECT 1')).rejects.toThrow('an await is missing');
  });
});

describe('conflicts', () => {
  test('M3: of a write skew under SERIALIZABLE one is run again, and the rule holds', async () => {
    const before = await counted('db_serialization_retries_total');
    const attempts = { a: 0, b: 0 };
    const bothRead = barrier(2);
    // Each may be emptied only while the other is not: two that read before either writes would both do it.
    const empty = (mine: 'a' | 'b', other: 'a' | 'b') =>
      db.transact(
        async (tx) => {
          attempts[mine] += 1;
          const [row] = await tx.rows<{ balance: bigint }>('SELECT balance FROM accounts WHERE id = $1', [other]);
          if (attempts[mine] === 1) await bothRead();
          if (row?.balance === 0n) return 'refused';
          await tx.run('UPDATE accounts SET balance = 0 WHERE id = $1', [mine]);
          return 'emptied';
        },
        { isolation: 'serializable' },
      );
    const answers = await Promise.all([empty('a', 'b'), empty('b', 'a')]);
    expect(answers.toSorted()).toEqual(['emptied', 'refused']);
    expect(attempts.a + attempts.b).toBe(3);
    expect(await counted('db_serialization_retries_total')).toBe(before + 1);
  });

  test('crossed locks: the one that PostgreSQL gives up is run again', async () => {
    const bothLocked = barrier(2);
    let attempts = 0;
    const move = (from: string, to: string) =>
      db.transact(async (tx) => {
        attempts += 1;
        await tx.run('UPDATE accounts SET balance = balance - 10 WHERE id = $1', [from]);
        if (attempts <= 2) await bothLocked();
        await tx.run('UPDATE accounts SET balance = balance + 10 WHERE id = $1', [to]);
      });
    await Promise.all([move('a', 'b'), move('b', 'a')]);
    expect(attempts).toBe(3);
    expect((await balances()).map(({ balance }) => balance)).toEqual([100n, 100n]);
  });

  test('ten conflicts are given up as contended, which is "try later" and not a failure of the work', async () => {
    let attempts = 0;
    const conflict = Object.assign(new Error('always'), { code: '40001' });
    const work = async () => {
      attempts += 1;
      throw conflict;
    };
    const failed = await db.transact(work).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Contended);
    expect(failed).toMatchObject({ cause: conflict });
    expect(isUnavailable(failed)).toBe(true);
    expect(attempts).toBe(10);
    await expect(db.transact(work, { attemptsMax: 3 })).rejects.toBeInstanceOf(Contended);
    expect(attempts).toBe(13);
  });
});

describe('F5: a connection lost at COMMIT', () => {
  const insertOnce = (sourceId: string, options: { onUnknownCommit?: 'rerun' } = {}) =>
    far.transact(async (tx) => {
      const inserted = await tx.run('INSERT INTO effects (source_id) VALUES ($1) ON CONFLICT DO NOTHING', [sourceId]);
      return inserted === 1 ? 'done now' : 'done before';
    }, options);

  test('is unknown, although it happened', async () => {
    const before = await counted('db_unknown_commits_total');
    const lost = proxy.loseAnswerTo(COMMIT);
    const failed = await insertOnce('answer-lost').catch((error: unknown) => error);
    await lost;
    expect(failed).toBeInstanceOf(UnknownCommit);
    expect(isUnavailable(failed)).toBe(true);
    expect(await effects()).toEqual([{ source_id: 'answer-lost' }]);
    expect(await counted('db_unknown_commits_total')).toBe(before + 1);
  });

  test('is unknown just the same when it did not happen', async () => {
    const lost = proxy.loseFromClient(COMMIT);
    await expect(insertOnce('never-arrived')).rejects.toBeInstanceOf(UnknownCommit);
    await lost;
    expect(await effects()).toEqual([]);
  });

  test('with rerun the work finds its earlier self by its source id: one effect', async () => {
    const lost = proxy.loseAnswerTo(COMMIT);
    expect(await insertOnce('rerun', { onUnknownCommit: 'rerun' })).toBe('done before');
    await lost;
    expect(await effects()).toEqual([{ source_id: 'rerun' }]);
  });

  test('with rerun and a COMMIT that never arrived the work is done the second time', async () => {
    const lost = proxy.loseFromClient(COMMIT);
    expect(await insertOnce('second', { onUnknownCommit: 'rerun' })).toBe('done now');
    await lost;
    expect(await effects()).toEqual([{ source_id: 'second' }]);
  });

  test('stays unknown when the database cannot be asked: never "unavailable", which says that nothing happened', async () => {
    const lost = proxy.loseAnswerTo(COMMIT);
    const answer = insertOnce('down', { onUnknownCommit: 'rerun' }).catch((error: unknown) => error);
    await lost;
    await proxy.down();
    expect(await answer).toBeInstanceOf(UnknownCommit);
    await proxy.up();
    expect(await effects()).toEqual([{ source_id: 'down' }]);
  });
});

describe('a lost connection', () => {
  test('killed in the middle, harms nobody else, and nothing of it stays', async () => {
    const [victim, bystander] = await Promise.allSettled([
      db.transact(async (tx) => {
        await tx.run(`INSERT INTO effects (source_id) VALUES ('victim')`);
        const [me] = await tx.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await terminate(me?.pid);
        await tx.run(`INSERT INTO effects (source_id) VALUES ('victim-2')`);
      }),
      db.transact((tx) => tx.run(`INSERT INTO effects (source_id) VALUES ('bystander')`)),
    ]);
    expect(victim.status === 'rejected' && isUnavailable(victim.reason)).toBe(true);
    expect(bystander.status).toBe('fulfilled');
    expect(await effects()).toEqual([{ source_id: 'bystander' }]);
    await db.ping();
  });

  test('before COMMIT is "unavailable", and the next transaction gets a sound one', async () => {
    const lost = far.transact(async (tx) => {
      proxy.cut();
      await tx.run(`INSERT INTO effects (source_id) VALUES ('cut')`);
    });
    const failed = await lost.catch((error: unknown) => error);
    expect(failed).not.toBeInstanceOf(UnknownCommit);
    expect(isUnavailable(failed)).toBe(true);
    await poll(() => far.ping().then(() => true));
    expect(await effects()).toEqual([]);
  });

  test('idle ones that the server closes are replaced, and the process lives', async () => {
    await Promise.all([far.ping(), far.ping()]);
    proxy.cut();
    await poll(() => far.ping().then(() => true));
  });

  test('a database that is down is "unavailable", whatever the driver calls it', async () => {
    await proxy.down();
    const failed = await far.read.rows('SELECT 1').catch((error: unknown) => error);
    expect(isUnavailable(failed)).toBe(true);
    await proxy.up();
    await poll(() => far.ping().then(() => true));
  });
});

test('a service that boots before its database waits for it', async () => {
  await proxy.down();
  const connecting = connectTo(proxy.url, 1);
  await proxy.up();
  const late = await connecting;
  await late.ping();
  await late.close();
});

test('a wrong password is told at once', async () => {
  const url = new URL(inject('pgUrl'));
  url.password = 'wrong';
  await expect(connectTo(url.href, 1)).rejects.toThrow('password authentication failed');
});

async function terminate(pid: number | undefined): Promise<void> {
  const admin = new pg.Client({ connectionString: inject('pgUrl') });
  await admin.connect();
  await admin.query('SELECT pg_terminate_backend($1)', [pid]);
  await admin.end();
}

/** Resolves for all when `parties` have come. */
function barrier(parties: number): () => Promise<void> {
  let come = 0;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    come += 1;
    if (come >= parties) open();
    return opened;
  };
}
