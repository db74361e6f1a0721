import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { removeWhenGone } from '../local/child.ts';
import { startPostgres } from '../local/postgres.ts';
import { rabbitmqRoot, startRabbit } from '../local/rabbitmq.ts';
import { keptSecrets, type Secrets } from '../local/secrets.ts';

export interface PrivateServers {
  folder: string;
  secrets: Secrets;
  postgresUrl: string;
  amqpUrl: string;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL that writes through to the disk, as a real one does, and a RabbitMQ, both for one run only. PostgreSQL counts every statement
 * (pg_stat_statements): the only way to say afterwards how many round trips a flow took.
 */
export async function startPrivateServers(root: string): Promise<PrivateServers> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-bench-'));
  removeWhenGone(folder);
  fs.chmodSync(folder, 0o755); // as root, PostgreSQL runs as somebody else
  const [postgres, rabbit] = await Promise.all([
    startCounting(path.join(folder, 'postgres')),
    // Two hundred thousand messages within seconds: a broker that holds its breath would be measured.
    startRabbit({ dir: path.join(folder, 'rabbitmq'), root: rabbitmqRoot(root), memoryMax: '4GB' }),
  ]);
  return {
    folder,
    secrets: keptSecrets(folder),
    postgresUrl: postgres.url,
    amqpUrl: rabbit.url,
    stop: async () => void (await Promise.all([postgres.stop('KILL'), rabbit.stop('KILL')])),
  };
}

/** What only a start takes over is set first, so the server is started twice. */
async function startCounting(dir: string): Promise<Awaited<ReturnType<typeof startPostgres>>> {
  const first = await startPostgres({ dir });
  const admin = new pg.Client({ connectionString: first.url });
  await admin.connect();
  await admin.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
  await admin.query('ALTER SYSTEM SET pg_stat_statements.max = 20000');
  await admin.query('CREATE EXTENSION pg_stat_statements');
  // As whoever runs one sets it. By default PostgreSQL takes 128 MB for all, of which ten million entries are forty times as much, and writes a
  // checkpoint each gigabyte.
  const buffersMb = Math.floor((os.totalmem() * 0.3) / 1_048_576);
  await admin.query(`ALTER SYSTEM SET shared_buffers = '${buffersMb}MB'`);
  await admin.query(`ALTER SYSTEM SET max_wal_size = '8GB'`);
  await admin.query(`ALTER SYSTEM SET checkpoint_timeout = '30min'`);
  await admin.end();
  await first.stop();
  return startPostgres({ dir, port: first.port });
}
