import path from 'node:path';
import type { Options } from './options.ts';
import { startPostgres } from './postgres.ts';
import { rabbitmqRoot, startRabbit } from './rabbitmq.ts';

export type Servers = {
  postgresUrl: string;
  amqpUrl: string;
  /** When the management plugin was asked for. */
  managementUrl: string | undefined;
};

export type Opened = {
  push: (name: string, release: () => void | Promise<void>) => void;
  say: (text: string) => void;
  stopping: () => boolean;
};

/** PostgreSQL and RabbitMQ side by side: given ones as they are, else private ones in the state folder. */
export async function startServers(options: Options, root: string, password: string, opened: Opened): Promise<Servers> {
  const [postgresUrl, rabbit] = await Promise.all([
    options.databaseUrl ?? privatePostgres(path.join(options.stateFolder, 'postgres'), password, opened),
    options.amqpUrl === undefined
      ? privateRabbit(options, root, opened)
      : { url: options.amqpUrl, managementUrl: undefined },
  ]);
  return { postgresUrl, amqpUrl: rabbit.url, managementUrl: rabbit.managementUrl };
}

async function privatePostgres(dir: string, password: string, opened: Opened): Promise<string> {
  const first = await startPostgres({ dir, password });
  keepUp('PostgreSQL', first, () => startPostgres({ dir, password, port: first.port }), opened);
  return first.url;
}

async function privateRabbit(
  options: Options,
  root: string,
  opened: Opened,
): Promise<{ url: string; managementUrl: string | undefined }> {
  const start = {
    dir: path.join(options.stateFolder, 'rabbitmq'),
    root: rabbitmqRoot(root),
    plugins: options.rabbitmqPlugins,
  };
  const first = await startRabbit(start);
  keepUp('RabbitMQ', first, () => startRabbit({ ...start, ports: first.ports }), opened);
  const managed = options.rabbitmqPlugins.includes('rabbitmq_management');
  return { url: first.url, managementUrl: managed ? first.managementUrl : undefined };
}

type Server = { exit: Promise<void>; stop: () => Promise<void> };

/** A server that dies is started again on its port and its data; the services reconnect by themselves. */
export function keepUp(
  name: string,
  first: Server,
  again: () => Promise<Server>,
  { push, say, stopping }: Opened,
): void {
  let current = first;
  push(name, () => current.stop());
  const watch = async (): Promise<void> => {
    while (!stopping()) {
      await current.exit;
      if (stopping()) return;
      say(`${name} has ended; starting it again`);
      current = await again();
      say(`${name} is up again`);
    }
  };
  watch().catch((error: Error) => say(`${name} could not be started again: ${error.message}`));
}
