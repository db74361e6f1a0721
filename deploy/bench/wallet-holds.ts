import path from 'node:path';
import pg from 'pg';
import { Pool } from 'undici';
import { signInternalToken } from '#libs/auth';
import { connectDatabase } from '#libs/db';
import { createLogger, newId } from '#libs/runtime';
import { type Checkpoints, checkLedger } from '../../services/wallet/src/checker/check-ledger.ts';
import { entities } from '../../services/wallet/src/entities.ts';
import { createServiceDatabase } from '../local/databases.ts';
import { migrateService } from '../local/migrate-service.ts';
import { closedLoop, closedLoopFor } from './load.ts';
import { startOneService } from './one-service.ts';
import { findPgbench, runPgbench } from './pgbench.ts';
import type { PrivateServers } from './private-servers.ts';
import { fillWallets, userOf, walletsCount } from './wallet-data.ts';

const inFlight = 32;
const runSeconds = 2;
/** A port that nobody listens at: the messages of the holds wait in the outbox. What a relay can do is another figure (B5). */
const noBroker = 'amqp://127.0.0.1:9';

/** A ledger of ten thousand wallets, with services on it that place holds. */
export interface HoldsRig {
  /** A wallet service: holds per second on all wallets at once, or on one of them. */
  service(wanted: { batchMax?: number; preload?: string }): Promise<HoldsService>;
  pgbench(): Promise<number>;
  /** What of the books does not add up, and what was answered and is not in them. */
  brokenPromises(): Promise<string[]>;
  close(): Promise<void>;
}

export interface HoldsService {
  /** Each wallet holds twice: its pages are in memory, and in the WAL since the last checkpoint. */
  warm(): Promise<void>;
  spread(): Promise<number>;
  oneWallet(): Promise<number>;
  /** Transactions that were run again, and all of them. */
  retries(): Promise<{ retried: number; committed: number }>;
}

export async function holdsRig(
  servers: PrivateServers,
  root: string,
  { name, postingsEach, tell }: { name: string; postingsEach: number; tell: (text: string) => void },
): Promise<HoldsRig> {
  const password = servers.secrets.rolePasswords.wallet;
  const wanted = { service: 'wallet', password, database: `bench_${name}` } as const;
  const { adminUrl, ownerUrl, serviceUrl } = await createServiceDatabase(servers.postgresUrl, wanted);
  await migrateService('wallet', ownerUrl);
  await fillWallets(adminUrl, postingsEach, tell);
  const checkpoints = await checkpointsOf(adminUrl);
  const opened: (() => Promise<unknown>)[] = [];
  let answeredHeld = 0;

  return {
    service: async ({ batchMax, preload }) => {
      const env = {
        AMQP_URL: noBroker,
        ...(batchMax === undefined ? {} : { HOLD_BATCH_MAX: String(batchMax) }),
        ...(preload === undefined ? {} : { NODE_OPTIONS: `--import=${path.join(root, preload)}` }),
      };
      const service = await startOneService(servers, { service: 'wallet', name, env, root });
      const pool = new Pool(service.url, { connections: inFlight });
      opened.push(async () => {
        await pool.close();
        await service.stop();
      });
      const key = Buffer.from(servers.secrets.internalKeys.wallet, 'base64');
      const holds = async (walletOf: () => number): Promise<number> => {
        const { ended, seconds } = await closedLoopFor(runSeconds, inFlight, () => hold(pool, key, userOf(walletOf())));
        answeredHeld += ended.length;
        return ended.length / seconds;
      };
      return {
        warm: async () => {
          await closedLoop(2 * walletsCount, inFlight, (n) => hold(pool, key, userOf(n % walletsCount)));
          answeredHeld += 2 * walletsCount;
        },
        spread: () => holds(() => Math.floor(Math.random() * walletsCount)),
        oneWallet: () => holds(() => 7),
        retries: async () => {
          const text = await (await fetch(`${service.opsUrl}/metrics`)).text();
          const value = (series: RegExp) => Number(series.exec(text)?.[1] ?? Number.NaN);
          return {
            retried: value(/^db_serialization_retries_total\{[^}]*\} (\d+)/m),
            committed: value(/^db_transactions_total\{[^}]*outcome="committed"[^}]*\} (\d+)/m),
          };
        },
      };
    },
    pgbench: () =>
      runPgbench(
        { pgbench: findPgbench(root), folder: servers.folder, serviceUrl },
        { clients: inFlight, seconds: runSeconds },
      ),
    brokenPromises: async () => [
      ...(await unaccounted(adminUrl, answeredHeld)),
      ...(await brokenBooks(serviceUrl, checkpoints)),
    ],
    close: async () => void (await Promise.all(opened.map((close) => close()))),
  };
}

/** As payments asks for it: a token of its own each time, signed here. */
async function hold(pool: Pool, key: Buffer, userId: string): Promise<void> {
  const token = signInternalToken(key, {
    audience: 'wallet',
    actor: { kind: 'service', service: 'payments' },
    ttlS: 30,
  });
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/holds',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ transaction_id: newId('wd'), user_id: userId, currency: 'ZAR', amount_minor: '100' }),
  });
  const text = await body.text();
  if (statusCode !== 200 || !text.includes('"held"')) throw new Error(`a hold was answered ${statusCode} ${text}`);
}

/** What was answered `held` was held once and told once; pgbench's own, whose ids begin otherwise, as often as each other. */
async function unaccounted(adminUrl: string, answeredHeld: number): Promise<string[]> {
  const db = new pg.Client({ connectionString: adminUrl });
  await db.connect();
  try {
    const { rows } = await db.query<Record<'ours' | 'placed' | 'told', number>>(
      `SELECT (SELECT count(*)::int FROM holds WHERE transaction_id >= 'wd_0' AND transaction_id < 'wd_1' AND settlement IS NULL) AS ours,
        (SELECT count(*)::int FROM holds WHERE settlement IS NULL) AS placed,
        (SELECT count(*)::int FROM outbox WHERE type = 'wallet.hold-placed.v1') AS told`,
    );
    const [{ ours, placed, told } = { ours: -1, placed: -1, told: -1 }] = rows;
    return [
      ...(ours === answeredHeld ? [] : [`${answeredHeld} were answered held, ${ours} are`]),
      ...(placed === told ? [] : [`${placed} holds, ${told} messages about them`]),
    ];
  } finally {
    await db.end();
  }
}

/** By the service's own checker: sums, balances, nothing negative, and the hashes of all that came since the ledger was filled. */
async function brokenBooks(serviceUrl: string, checkpoints: Checkpoints): Promise<string[]> {
  const logger = createLogger({ name: 'bench', level: 'warn' });
  const db = await connectDatabase({ url: serviceUrl, entities, poolMax: 2, applicationName: 'bench', logger });
  try {
    const { breaks, negativeAccounts } = await checkLedger(db.transact, checkpoints, { full: false });
    return [
      ...breaks.map(({ walletId, invariants, entry }) => `wallet ${walletId}: ${invariants.join(', ')} at ${entry}`),
      ...(negativeAccounts === 0 ? [] : [`${negativeAccounts} balances are negative`]),
    ];
  } finally {
    await db.close();
  }
}

/** Where each chain of hashes stood when the ledger was filled; what is in it before is verified by the filling's own test. */
async function checkpointsOf(adminUrl: string): Promise<Checkpoints> {
  const db = new pg.Client({ connectionString: adminUrl });
  await db.connect();
  try {
    const { rows } = await db.query(
      `SELECT id, version, encode(last_hash, 'hex') AS "lastHash", available_minor AS "availableMinor", held_minor AS "heldMinor",
        receivable_minor AS "receivableMinor" FROM wallets`,
    );
    return new Map(rows.map(({ id, ...verified }) => [id, verified]));
  } finally {
    await db.end();
  }
}
