import { type Service, serviceNames } from './databases.ts';
import { CONNECTIONS_MAX } from './postgres.ts';

/** How many processes of each service. */
export type Scale = Record<Service, number>;

/** One machine: more of one service than this only share its processors, and the ports of a block (free-port.ts) would not do. */
const REPLICAS_MAX = 8;
/** A pool's default size (libs/runtime/base-config.ts). */
const POOL_DEFAULT = 10;
/** Beside its pool: those that a wallet's batches of holds go on (libs/db/connect-database.ts). */
const BESIDE_POOL: Partial<Scale> = { wallet: 4 };
/** For migrations, people and tools, and the three that PostgreSQL keeps for its superuser. */
const CONNECTIONS_KEPT = 20;

/**
 * `wallet=2,payments=3` as a number for each service, 1 for those not named. Throws when it makes no sense, and when the replicas' pools
 * together could want more connections than the private PostgreSQL gives: the last replica to start would find none.
 */
export function readScale(text: string | undefined, env: NodeJS.ProcessEnv): Scale {
  const scale = Object.fromEntries(serviceNames.map((name) => [name, 1])) as Scale;
  for (const part of text === undefined ? [] : text.split(',')) {
    const [, name, count] = /^([a-z]+)=([1-9])$/.exec(part) ?? [];
    const known = serviceNames.find((service) => service === name);
    if (known === undefined || Number(count) > REPLICAS_MAX) {
      throw new Error(`--scale: "${part}" is not one of ${serviceNames.join(', ')} with =1 to =${REPLICAS_MAX}`);
    }
    scale[known] = Number(count);
  }
  const wanted = connectionsWanted(scale, env);
  if (!env['DATABASE_URL'] && wanted > CONNECTIONS_MAX - CONNECTIONS_KEPT) {
    throw new Error(
      `--scale: ${wanted} connections are more than PostgreSQL's ${CONNECTIONS_MAX}, less ${CONNECTIONS_KEPT} for others; DB_POOL_MAX makes each replica's pool smaller`,
    );
  }
  return scale;
}

/** What all replicas hold when their pools are full: DB_POOL_MAX each, and what a service has beside it. */
export const connectionsWanted = (scale: Scale, env: NodeJS.ProcessEnv): number =>
  serviceNames
    .map(
      (name) =>
        scale[name] *
        (Number(env[`${name.toUpperCase()}__DB_POOL_MAX`] ?? env['DB_POOL_MAX'] ?? POOL_DEFAULT) +
          (BESIDE_POOL[name] ?? 0)),
    )
    .reduce((sum, pool) => sum + pool, 0);
