import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A network that fails when told to, between a client and a real server. */
export interface TcpProxy {
  /** The target's URL through the proxy. */
  url: string;
  /** Passes the next client bytes that contain `request` on, drops what the server answers, and cuts. Resolves when it has. */
  loseAnswerTo(request: string | Uint8Array): Promise<void>;
  /** Drops the next server bytes that contain `bytes`, and cuts. Resolves when it has. */
  loseFromServer(bytes: string | Uint8Array): Promise<void>;
  /** Drops the next client bytes that contain `bytes`, which the server never sees, and cuts. Resolves when it has. */
  loseFromClient(bytes: string | Uint8Array): Promise<void>;
  /** Cuts all present connections; new ones are accepted. */
  cut(): void;
  /** Cuts all, and refuses new ones until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

type Trap = { on: 'client' | 'server'; bytes: Buffer; passOn: boolean; sprung: () => void };

/** `target` is a URL with host and port; the proxy listens on a free port of 127.0.0.1, the same one after `up`. */
export async function tcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<() => void>();
  let trap: Trap | undefined;

  function join(client: Socket): void {
    const server = connect(Number(targetPort), hostname);
    let answerIsLost = false;
    const cutPair = () => {
      client.destroy();
      server.destroy();
      pairs.delete(cutPair);
    };
    pairs.add(cutPair);
    const springs = (on: Trap['on'], chunk: Buffer): Trap | undefined => {
      if (trap?.on !== on || !chunk.includes(trap.bytes)) return undefined;
      const sprung = trap;
      trap = undefined;
      return sprung;
    };
    client.on('data', (chunk) => {
      const sprung = springs('client', chunk);
      if (sprung?.passOn) {
        answerIsLost = true;
        server.once('data', sprung.sprung);
      } else if (sprung !== undefined) {
        cutPair();
        return sprung.sprung();
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      const sprung = springs('server', chunk);
      if (sprung === undefined && !answerIsLost) return void client.write(chunk);
      cutPair();
      sprung?.sprung();
    });
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', cutPair).on('close', cutPair);
  }

  let server = await listen(0, join);
  const { port } = server.address() as AddressInfo;
  const through = new URL(target);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  const set = (on: Trap['on'], bytes: string | Uint8Array, passOn: boolean): Promise<void> =>
    new Promise((sprung) => {
      trap = { on, bytes: Buffer.from(bytes as Uint8Array), passOn, sprung };
    });
  const cut = () => {
    for (const cutPair of pairs) cutPair();
  };
  const down = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  };
  return {
    url: through.href,
    loseAnswerTo: (request) => set('client', request, true),
    loseFromServer: (bytes) => set('server', bytes, false),
    loseFromClient: (bytes) => set('client', bytes, false),
    cut,
    down,
    up: async () => {
      server = await listen(port, join);
    },
    close: async () => {
      if (server.listening) await down();
    },
  };
}

async function listen(port: number, join: (client: Socket) => void): Promise<Server> {
  const server = createServer(join).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
