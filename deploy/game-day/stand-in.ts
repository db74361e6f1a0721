import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Stands between us and the simulated Revio, for what the simulator itself cannot be: one that refuses our key, or whose clock is wrong. */
export interface StandIn {
  url: string;
  refuseOurKey(refuse: boolean): void;
  shiftDateBy(seconds: number): void;
  stop(): Promise<void>;
}

export async function startStandIn(port: number, simulatorPort: number): Promise<StandIn> {
  let refusing = false;
  let shiftS = 0;
  const server = createServer((incoming, response) => {
    response.setHeader('date', new Date(Date.now() + shiftS * 1_000).toUTCString());
    if (refusing && incoming.headers.authorization !== undefined) {
      incoming.resume();
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"__all__":{"code":"invalid_token"}}');
    } else pass(incoming, response, simulatorPort);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${port}`,
    refuseOurKey: (refuse) => {
      refusing = refuse;
    },
    shiftDateBy: (seconds) => {
      shiftS = seconds;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Word for word, broken connections too: an answer that the simulator cuts off is cut off here. */
function pass(incoming: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
    const { date: _, connection: __, ...others } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, others);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  outgoing.on('error', () => incoming.socket.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
