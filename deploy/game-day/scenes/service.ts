import { setTimeout as sleep } from 'node:timers/promises';
import { internalTokenFor } from '#libs/auth';
import { guessPassword, newAddress } from '../people.ts';
import type { Scene } from '../play.ts';
import { repeat, until, type World } from '../world.ts';

const leasesDenied: Scene = {
  alerts: {
    LoopFailing: 'wallet and reconciler may not renew their leases: a right taken from their roles',
    LoopStalled: 'the same',
    LedgerCheckStale: 'the same: the ledger is not checked',
    ConservationCheckStale: 'the same: ledger and Revio are not compared',
  },
  where: { LoopFailing: { loop: 'check-ledger' }, LoopStalled: { loop: 'check-ledger' } },
  make: async (world) => {
    for (const service of ['wallet', 'reconciler'] as const)
      await world.sql(service, `REVOKE UPDATE ON leases FROM ${service}_service`);
    return async () => {
      for (const service of ['wallet', 'reconciler'] as const)
        await world.sql(service, `GRANT UPDATE ON leases TO ${service}_service`);
    };
  },
};

/** Amounts that nothing else here has, so that only these holds meet the triggers. */
const cutMinor = 777;
const conflictMinor = 5;

const cutAtCommit: Scene = {
  alerts: { UnknownCommits: 'a trigger that ends the session at COMMIT' },
  where: { UnknownCommits: { service: 'wallet' } },
  make: async (world) => {
    await world.sql(
      'wallet',
      `CREATE FUNCTION cut_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
         'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
       CREATE CONSTRAINT TRIGGER cut_at_commit AFTER INSERT ON holds DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.amount_minor = ${cutMinor}) EXECUTE FUNCTION cut_at_commit()`,
    );
    const withdrawing = world.user.withdraw('7.77');
    return async () => {
      await withdrawing;
      await world.sql('wallet', 'DROP FUNCTION cut_at_commit CASCADE');
    };
  },
};

const conflicts: Scene = {
  alerts: { SerializationRetries: 'a trigger that answers nine of ten holds with 40001' },
  where: { SerializationRetries: { service: 'wallet' } },
  make: async (world) => {
    await world.sql(
      'wallet',
      `CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN IF random() < 0.95 THEN RAISE EXCEPTION ''made'' USING ERRCODE = ''40001''; END IF; RETURN NEW; END';
       CREATE TRIGGER conflict BEFORE INSERT ON holds
         FOR EACH ROW WHEN (NEW.amount_minor = ${conflictMinor}) EXECUTE FUNCTION conflict()`,
    );
    const withdrawing = [1, 2, 3].map(() => repeat(100, () => world.user.withdraw('0.05')));
    return async () => {
      await Promise.all(withdrawing.map((stop) => stop()));
      await world.sql('wallet', 'DROP FUNCTION conflict CASCADE');
    };
  },
};

/**
 * Long enough for a queue, and short enough for Prometheus, which waits in the same queue: its own questions to the database need a
 * connection too.
 */
const lockS = 0.15;
const restMs = 20;
const readers = 30;

const lockedTable: Scene = {
  alerts: { DatabasePoolExhausted: 'a table locked again and again, and thirty readers of it' },
  where: { DatabasePoolExhausted: { service: 'payments' } },
  make: async (world) => {
    const [known] = await world.sql<{ id: string }>(
      'payments',
      'SELECT id FROM transactions WHERE user_id = $1 LIMIT 1',
      [world.user.userId],
    );
    const { url, internal_key } = world.stack().services.payments;
    const actor = { kind: 'user', userId: world.user.userId, email: 'user@example.com', role: 'user' } as const;
    const token = () => internalTokenFor(Buffer.from(internal_key, 'base64'), { audience: 'payments', actor });
    // Not through the gateway, whose processor time the queue would wait for.
    const read = async () => {
      const headers = { authorization: `Bearer ${token()}` };
      await (await fetch(`${url}/transactions/${known?.id}`, { headers })).text();
    };
    const locking = repeat(restMs, () =>
      world.sql(
        'payments',
        `BEGIN; LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${lockS}); COMMIT`,
      ),
    );
    const reading = Array.from({ length: readers }, () => repeat(0, read));
    return async () => {
      await Promise.all([locking, ...reading].map((stop) => stop()));
    };
  },
};

const guessing: Scene = {
  alerts: { LoginsRefused: 'seventy guesses of a password from one address' },
  make: async (world) => {
    const address = newAddress();
    for (let n = 0; n < 70; n += 1) await guessPassword(world.stack().gateway_url, address);
    return async () => {};
  },
};

const stutter: Scene = {
  alerts: { EventLoopBlocked: 'the gateway stopped for 0.7 of each second' },
  where: { EventLoopBlocked: { service: 'gateway' } },
  make: async (world) =>
    repeat(250, async () => {
      world.signal('gateway', 'SIGSTOP');
      await sleep(700);
      world.signal('gateway', 'SIGCONT');
    }),
};

/** What the launcher counts as a new death, and one scrape of the new process. */
const livesMs = 1_100;

const killed: Scene = {
  alerts: { ReplicaRestarts: 'kill -9 of webhooks, again and again' },
  where: { ReplicaRestarts: { service: 'webhooks' } },
  make: async (world) => repeat(livesMs, () => killOnce(world)),
};

async function killOnce(world: World): Promise<void> {
  const pid = () => world.stack().services.webhooks.pid;
  const before = pid();
  world.signal('webhooks', 'SIGKILL');
  await until('webhooks is up again', () => pid() !== before, 90_000);
}

export const serviceScenes: readonly Scene[] = [
  leasesDenied,
  cutAtCommit,
  conflicts,
  lockedTable,
  guessing,
  stutter,
  killed,
];
