import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerProcess, serve } from './child.ts';

/** It is up in 50 ms; a loaded machine takes a hundred times that. */
const START_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 20;
/**
 * For the replicas behind it, as DRAIN_DELAY_MS. After "not ready" it takes 0.4 s until no request comes any more (two probes, base.cfg);
 * the rest is for a machine that is busy.
 */
export const BALANCED_DRAIN_DELAY_MS = 1_500;

/** base.cfg says why; a defaults section may not hold it. */
const REPEATABLE = 'http-request disable-l7-retry if !{ method GET HEAD } !{ req.hdr(idempotency-key) -m found }';

/** Where one replica listens. */
export type Address = { port: number; opsPort: number };

/** One service: where it is reached, and who answers there. */
export type Front = { name: string; port: number; replicas: readonly Address[] };

/** The path of a HAProxy: the machine's own, or the distribution's, unpacked into the checkout. Undefined when there is none to be had. */
export function haproxyProgram(checkout: string): string | undefined {
  const script = path.join(checkout, 'deploy/local/fetch-haproxy.sh');
  const found = spawnSync('sh', [script, path.join(checkout, '.local/haproxy')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

export type Balancer = ServerProcess & {
  /** Who is up, and how much each has had: a page for people, `/;csv` for programs. */
  url: string;
};

/** HAProxy before the replicas of these services. It ends when this process ends, however that is. */
export async function startBalancer(options: {
  program: string;
  checkout: string;
  /** For its configuration. */
  folder: string;
  fronts: readonly Front[];
  /** Of its own page. */
  port: number;
}): Promise<Balancer> {
  const file = path.join(options.folder, 'haproxy.cfg');
  fs.mkdirSync(options.folder, { recursive: true });
  fs.writeFileSync(file, configuration(options.fronts, options.port));
  const base = path.join(options.checkout, 'deploy/haproxy/base.cfg');
  const server = serve([options.program, '-db', '-f', base, '-f', file], {
    env: { PATH: process.env['PATH'] },
    cwd: options.folder,
    signal: 'TERM',
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!server.exited() && Date.now() < deadline) {
    if (await isOpen(options.port)) return { ...server, url: `http://127.0.0.1:${options.port}` };
    await sleep(LOOK_EVERY_MS);
  }
  await server.stop('KILL');
  throw new Error(`HAProxy did not start:\n${server.output()}`);
}

/** Each replica twice: probed, and for the moment when none is ready (`option allbackups`) as a last resort that is not. */
export function configuration(fronts: readonly Front[], pagePort: number): string {
  const services = fronts.flatMap(({ name, port, replicas }) => [
    `listen ${name}`,
    `  bind 127.0.0.1:${port}`,
    `  ${REPEATABLE}`,
    ...replicas.map((at, n) => `  server ${name}-${n + 1} 127.0.0.1:${at.port} port ${at.opsPort}`),
    ...replicas.map((at, n) => `  server ${name}-${n + 1}-anyway 127.0.0.1:${at.port} no-check backup`),
  ]);
  const page = ['listen page', `  bind 127.0.0.1:${pagePort}`, '  stats enable', '  stats uri /', '  stats refresh 2s'];
  return [...services, ...page, ''].join('\n');
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}
