import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { removeWhenGone } from '../deploy/local/child.ts';
import { startPostgres } from '../deploy/local/postgres.ts';
import { rabbitmqRoot, startRabbit } from '../deploy/local/rabbitmq.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's: each test file makes databases and roles of its own. */
    pgUrl: string;
    /** Each test file uses an AMQP_PREFIX of its own. */
    amqpUrl: string;
  }
}

/**
 * One private PostgreSQL and RabbitMQ per run, both thrown away at its end; DATABASE_URL and AMQP_URL name others instead. A run of
 * named files none of which is an `.int.test.ts` is over before a broker would have started: it gets none.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const named = process.argv.slice(2).filter((argument) => argument !== 'run' && !argument.startsWith('-'));
  const needsNone = (name: string) => name.endsWith('.test.ts') && !name.endsWith('.int.test.ts');
  if (named.length > 0 && named.every(needsNone)) return undefined;

  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-test-'));
  removeWhenGone(dir); // a run that is interrupted calls no teardown
  fs.chmodSync(dir, 0o755); // as root, PostgreSQL runs as another user, who must reach its folder
  const [postgres, rabbit] = await Promise.all([givenOrPrivatePostgres(dir), givenOrPrivateRabbit(dir)]);
  project.provide('pgUrl', postgres.url);
  project.provide('amqpUrl', rabbit.url);
  return async () => {
    await Promise.all([postgres.stop('KILL'), rabbit.stop('KILL')]);
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
  };
}

type Given = { url: string; stop: (signal?: 'KILL') => Promise<void> };
const given = (url: string): Given => ({ url, stop: () => Promise.resolve() });

async function givenOrPrivatePostgres(dir: string): Promise<Given> {
  const url = process.env['DATABASE_URL'];
  return url === undefined ? startPostgres({ dir: path.join(dir, 'postgres'), fsync: false }) : given(url);
}

async function givenOrPrivateRabbit(dir: string): Promise<Given> {
  const url = process.env['AMQP_URL'];
  if (url !== undefined) return given(url);
  return startRabbit({ dir: path.join(dir, 'rabbitmq'), root: rabbitmqRoot(path.resolve(import.meta.dirname, '..')) });
}
