import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** Probes time out after a second by default (Kubernetes); an answer after that is none. */
const checkMsMax = 900;

/** By dependency: `true` is well, `false` makes the service not ready, a string says what is degraded while it still works. */
export type Checks = Record<string, boolean | string>;

export interface Ops {
  url: string;
  /** False until everything has started, and again when a stop begins: balancers look before requests are refused. */
  setReady(ready: boolean): void;
  stop(): Promise<void>;
}

/**
 * The operators' port: `/livez` (never looks at a dependency: restarting us mends none), `/readyz` (200 or 503, JSON that names each
 * dependency) and `/metrics`. On plain node:http, so that it answers while the application is not there.
 */
export async function startOps(options: {
  host: string;
  port: number;
  metrics: Metrics;
  ready: () => Promise<Checks>;
}): Promise<Ops> {
  let open = false;
  const server = http.createServer((request, response) => {
    void answer(request.url).then(
      ({ status, contentType, text }) => response.writeHead(status, { 'content-type': contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });

  async function answer(url: string | undefined): Promise<{ status: number; contentType: string; text: string }> {
    if (url === '/livez') return { status: 200, contentType: 'text/plain', text: 'alive\n' };
    if (url === '/metrics') return { status: 200, ...(await options.metrics.render()) };
    if (url !== '/readyz') return { status: 404, contentType: 'text/plain', text: 'not found\n' };
    const checks: Checks = { ...(await boundedChecks(options.ready)), accepting: open };
    const ready = Object.values(checks).every((check) => check !== false);
    const text = `${JSON.stringify({ ready, checks })}\n`;
    return { status: ready ? 200 : 503, contentType: 'application/json', text };
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    setReady(ready) {
      open = ready;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function boundedChecks(ready: () => Promise<Checks>): Promise<Checks> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Checks>((resolve) => {
    timer = setTimeout(() => resolve({ checks_in_time: false }), checkMsMax);
  });
  try {
    return await Promise.race([ready(), late]);
  } catch {
    return { checks: false };
  } finally {
    clearTimeout(timer);
  }
}
