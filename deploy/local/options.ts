import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readScale, type Scale } from './scale.ts';

export type Options = {
  fresh: boolean;
  verbose: boolean;
  /** Of the gateway, when it was asked for: then it must be free. */
  port: number | undefined;
  /** How many processes of each service. */
  scale: Scale;
  /** Data and secrets: outside the checkout, because as root PostgreSQL runs as a user who cannot reach a checkout under /root. */
  stateFolder: string;
  /** stack.json and the logs: `.local`, or the state folder when STATE_DIR named one, so that two stacks share nothing. */
  runFolder: string;
  /** An administrator's URL: databases and roles are created there instead of on a private server. */
  databaseUrl: string | undefined;
  amqpUrl: string | undefined;
  rabbitmqPlugins: string[];
};

const usage = `npm start [-- --fresh] [--port N] [--scale SERVICE=N,…] [--verbose]
  --fresh    forget all data of earlier runs
  --port N   the gateway's port (8080 if free, unless given)
  --scale    wallet=2,payments=3: so many processes of these, behind a balancer on this machine
  --verbose  show all log lines, not only warnings and errors`;

/** What the command line and the environment ask for. Throws with the usage when it makes no sense. */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv, root: string): Options {
  const given = parse(args);
  const port = given.port ?? env['PORT'];
  if (port !== undefined && !/^[1-9][0-9]{0,4}$/.test(port)) throw new Error(`${port} is no port\n${usage}`);
  const databaseUrl = env['DATABASE_URL'] || undefined;
  if (given.fresh && databaseUrl !== undefined) {
    throw new Error('--fresh forgets only what this command made; with DATABASE_URL the databases are yours to drop');
  }
  const stateDir = env['STATE_DIR'] || undefined;
  return {
    fresh: given.fresh,
    verbose: given.verbose,
    scale: scaleOf(given.scale, env),
    port: port === undefined ? undefined : Number(port),
    stateFolder: stateDir === undefined ? defaultStateFolder(root) : path.resolve(stateDir),
    runFolder: stateDir === undefined ? path.join(root, '.local') : path.resolve(stateDir),
    databaseUrl,
    amqpUrl: env['AMQP_URL'] || undefined,
    rabbitmqPlugins: (env['RABBITMQ_PLUGINS'] ?? '').split(',').filter((name) => name !== ''),
  };
}

function scaleOf(text: string | undefined, env: NodeJS.ProcessEnv): Scale {
  try {
    return readScale(text, env);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
}

function parse(args: readonly string[]): { fresh: boolean; verbose: boolean; port?: string; scale?: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        port: { type: 'string' },
        scale: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
}

/** Two checkouts on one machine are two systems. */
function defaultStateFolder(root: string): string {
  const name = `piggybank-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
  return path.join(process.getuid?.() === 0 ? '/var/tmp' : path.join(os.homedir(), '.local/state'), name);
}
