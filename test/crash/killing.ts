import pg from 'pg';
import { poll } from '#libs/testing';
import type { Service } from '../../deploy/local/databases.ts';
import type { Stack, Victim } from '../system/launch-stack.ts';

/** A broker starts in 8 s when idle, then everybody connects, takes back messages and sweeps; a loaded machine takes several times that. */
export const healMs = 90_000;

/** `poll`, with the patience that healing needs. */
export const healed = <R>(look: () => R | Promise<R>): Promise<NonNullable<R>> => poll(look, { timeoutMs: healMs });

/** `kill -9`. The answer resolves when another process is in its place, and serves. */
export function kill(stack: Stack, victim: Victim): Promise<unknown> {
  const killed = stack.pid(victim);
  process.kill(killed, 'SIGKILL');
  return healed(() => stack.pid(victim) !== killed && serves(stack, victim));
}

/** Of a server: that everybody is ready again. Without their database they are not, and RabbitMQ's absence shows in their checks. */
async function serves(stack: Stack, victim: Victim): Promise<boolean> {
  const { services } = stack.describe();
  const concerned = victim === 'postgres' || victim === 'rabbitmq' ? Object.values(services) : [services[victim]];
  const answers = await Promise.all(concerned.map(({ ops_url }) => fetch(`${ops_url}/readyz`)));
  return answers.every(({ ok }) => ok);
}

const waiting = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE relation = $1::regclass AND NOT granted AND application_name = $2`;

/**
 * Kills `victim` while `at` is in the middle of a transaction: nobody may write to the table, `act` makes the service want to, and
 * once its statement waits for us the victim dies. Then the table is free. Resolves when the victim is back and `act` has ended.
 */
export async function killInside<R>(
  stack: Stack,
  { at, table, victim = at }: { at: Service; table: string; victim?: Service },
  act: () => Promise<R>,
): Promise<R> {
  const holder = new pg.Client({ connectionString: stack.describe().services[at].admin_database_url });
  await holder.connect();
  try {
    await holder.query(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
    const acted = act();
    await healed(async () => (await holder.query(waiting, [table, at])).rowCount !== 0);
    const back = kill(stack, victim);
    await holder.query('ROLLBACK');
    await back;
    return await acted;
  } finally {
    await holder.end();
  }
}

/** Kills payments once Revio has done what it was asked for and does not answer. */
export async function killWhileRevioHangs<R>(stack: Stack, route: string, act: () => Promise<R>): Promise<R> {
  await stack.sim('POST', 'faults', { route, kind: 'hang', ms: 10_000 });
  const acted = act();
  // A fault is used up by the request that meets it.
  await healed(async () => (await stack.sim('GET', 'faults')).length === 0);
  await kill(stack, 'payments');
  return acted;
}

/** Runs `work` while RabbitMQ takes and gives nothing, with all connections open; then it goes on. */
export async function whileBrokerStands<R>(stack: Stack, work: () => Promise<R>): Promise<R> {
  const pid = stack.pid('rabbitmq');
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** How many rows there are: `countRows(stack, 'payments', 'outbox WHERE published_at IS NULL')`. */
export async function countRows(stack: Stack, service: Service, from: string): Promise<number> {
  const books = new pg.Client({ connectionString: stack.describe().services[service].admin_database_url });
  await books.connect();
  try {
    return (await books.query(`SELECT FROM ${from}`)).rowCount ?? 0;
  } finally {
    await books.end();
  }
}
