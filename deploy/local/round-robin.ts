import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, Front } from './balancer.ts';

/** As HAProxy is told in deploy/haproxy/base.cfg. */
const PROBE_EVERY_MS = 300;
const PROBE_TIMEOUT_MS = 2_000;
/** Of one connection to the next: they are the sender's and ours, not the replica's. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);
const UNAVAILABLE = JSON.stringify({
  type: '/problems/temporarily_unavailable',
  code: 'temporarily_unavailable',
  title: 'A part of the system cannot be reached at the moment',
  status: 503,
});

type Replica = Address & { isReady: boolean };

/**
 * The balancer of machines that have no HAProxy: each request to the next replica that is ready, on a connection of its own; to another
 * one where the connection is refused, before anything was sent; to all in turn when none is ready. It repeats nothing that was sent.
 */
export async function startRoundRobin(fronts: readonly Front[]): Promise<{ stop: () => Promise<void> }> {
  const stopping = new AbortController();
  const servers = fronts.map(({ port, replicas }) => {
    const all: Replica[] = replicas.map((at) => ({ ...at, isReady: true }));
    for (const replica of all) void keepProbing(replica, stopping.signal);
    let turn = 0;
    const server = http.createServer((request, response) => {
      const ready = all.filter(({ isReady }) => isReady);
      const asked = ready.length > 0 ? ready : all;
      turn += 1;
      forward(request, response, [...asked.slice(turn % asked.length), ...asked.slice(0, turn % asked.length)]);
    });
    return server.listen(port, '127.0.0.1');
  });
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return {
    stop: async () => {
      stopping.abort();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function keepProbing(replica: Replica, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    replica.isReady = await fetch(`http://127.0.0.1:${replica.opsPort}/readyz`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
    await sleep(PROBE_EVERY_MS, undefined, { signal: stopping, ref: false }).catch(() => {});
  }
}

function forward(request: http.IncomingMessage, response: http.ServerResponse, [replica, ...others]: Replica[]): void {
  if (replica === undefined) {
    refuse(response);
    return;
  }
  const onward = http.request({
    host: '127.0.0.1',
    port: replica.port,
    method: request.method,
    path: request.url,
    headers: headersOf(request),
    agent: false,
  });
  onward.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' && !response.destroyed) forward(request, response, others);
    else refuse(response);
  });
  // Not before: what was read of the body could not be sent to another one.
  onward.once('socket', (socket) => socket.once('connect', () => request.pipe(onward)));
  onward.once('response', (answer) => {
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept) as http.OutgoingHttpHeaders);
    response.flushHeaders(); // live status begins long before it has a body
    answer.on('error', () => response.destroy()).pipe(response);
  });
  response.once('close', () => onward.destroy());
}

function headersOf({ headers, socket }: http.IncomingMessage): http.OutgoingHttpHeaders {
  const forwardedFor = [headers['x-forwarded-for'], socket.remoteAddress].filter((address) => address !== undefined);
  return { ...headers, connection: 'close', 'x-forwarded-for': forwardedFor.join(', ') };
}

function refuse(response: http.ServerResponse): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else {
    const headers = { 'content-type': 'application/problem+json', 'x-request-id': randomUUID() };
    response.writeHead(503, headers).end(UNAVAILABLE);
  }
}
