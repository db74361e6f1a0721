import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { newUuid } from '#libs/runtime';
import { Problem } from './problem.ts';

/** Longer than a balancer keeps an idle connection (60 s is usual): the side that opens requests must be the one that closes. */
const keepAliveMs = 65_000;
/** A client that takes longer to send its headers, or its small body, is holding the connection on purpose. */
const headersMsMax = 10_000;
const requestMsMax = 30_000;
/** What one process can serve at all; further connections are refused at once rather than starving those that are open. */
const connectionsMax = 4_000;
/** Longer than the slowest request: a duplicate waits up to 10 s for its first (issue of idempotency keys in flight). */
const drainMsMax = 12_000;

export interface Listening {
  url: string;
  /**
   * From now on each answer, also to what is under way, is the last of its connection: its client opens the next where it is sent to,
   * which is elsewhere. Goes on accepting: who balances may not know yet.
   */
  drain(): void;
  /** Accepts no more, lets requests in flight finish, and cuts what is left after 12 s. */
  stop(): Promise<void>;
}

/** Serves `handler`; port 0 takes a free one. Rejects when the address cannot be had. */
export async function listen(
  handler: http.RequestListener,
  address: { host: string; port: number },
): Promise<Listening> {
  let draining = false;
  let stopping = false;
  const inFlight = new Set<http.ServerResponse>();
  const server = http.createServer(
    { keepAliveTimeout: keepAliveMs, headersTimeout: headersMsMax, requestTimeout: requestMsMax, noDelay: true },
    (request, response) => {
      inFlight.add(response);
      if (draining) response.setHeader('connection', 'close');
      response.once('close', () => {
        inFlight.delete(response);
        if (stopping) setImmediate(() => server.closeIdleConnections());
      });
      handler(request, response);
    },
  );
  server.maxConnections = connectionsMax;
  server.on('clientError', refuseMalformed);

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  // A kept connection would still be given new requests by its client when it is cut, and close() would wait for them.
  const drain = () => {
    draining = true;
    for (const response of inFlight) if (!response.headersSent) response.setHeader('connection', 'close');
  };
  return {
    url: `http://${host}:${port}`,
    drain,
    stop: () =>
      new Promise((resolve) => {
        drain();
        stopping = true;
        const cut = setTimeout(() => server.closeAllConnections(), drainMsMax);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** What Node keeps a status of its own for: headers beyond 16 kB, and a request that does not come to its end. */
const bareStatuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What Node's parser refuses reaches no route, and is answered in the same words all the same. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Bytes in the middle of another answer would be read as a part of it.
  const isUntouched = socket.writable && (socket as { bytesWritten?: number }).bytesWritten === 0;
  if (error.code === 'ECONNRESET' || !isUntouched) return void socket.destroy();
  const bare = bareStatuses[error.code ?? ''];
  if (bare !== undefined) return void socket.end(`HTTP/1.1 ${bare}\r\nConnection: close\r\n\r\n`);
  const requestId = newUuid();
  const body = JSON.stringify(new Problem('bad_request').body(requestId));
  const headers = [
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`HTTP/1.1 400 Bad Request\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
}
