import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Border, From, Reader } from './wire-points.ts';

/** Between a service and what it talks to. */
export interface Tap {
  /** The target's URL through the tap. */
  url: string;
  /** Ends all connections and takes no new ones, as the kernel does for a process that is killed. */
  sever(): void;
  /** Takes connections again. */
  mend(): void;
  close(): Promise<void>;
}

/** Told of every border that is come to; what it returns ends the process there, with nothing further passed on. */
export type Strike = (border: Border) => (() => void) | undefined;

/** What was written by then still leaves a killed process's kernel; a peer that does not hang up is not waited for. */
const LINGER_MS = 1_000;

export async function openTap(target: string, newReader: () => Reader, strike: Strike): Promise<Tap> {
  const { hostname, port } = new URL(target);
  const cuts = new Set<() => void>();
  let severed = false;

  function join(service: Socket): void {
    if (severed) return void service.destroy();
    const server = connect(Number(port), hostname);
    const reader = newReader();
    let isCut = false;
    const cut = () => {
      isCut = true;
      cuts.delete(cut);
      service.destroy();
      server.end();
      setTimeout(() => server.destroy(), LINGER_MS).unref();
    };
    cuts.add(cut);

    const pass = (from: From, chunk: Buffer, to: Socket): void => {
      const passing: Buffer[] = [];
      const send = () => passing.length > 0 && to.write(Buffer.concat(passing));
      for (const message of reader.split(from, chunk)) {
        for (const border of reader.bordersAt(from, message)) {
          const end = strike(border);
          if (end === undefined) continue;
          // Only what has no answer has left by itself: an acknowledgement. All else is withheld from whom it was for.
          if (border.kind === 'ack' && border.phase === 'after') passing.push(message);
          if (from === 'service') send();
          end();
          return;
        }
        passing.push(message);
      }
      send();
    };
    service.on('data', (chunk) => isCut || pass('service', chunk, server));
    server.on('data', (chunk) => isCut || pass('server', chunk, service));
    for (const socket of [service, server]) socket.setNoDelay(true).on('error', cut).on('close', cut);
  }

  const listener = createServer(join).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const through = new URL(target);
  through.hostname = '127.0.0.1';
  through.port = String((listener.address() as AddressInfo).port);
  const sever = () => {
    severed = true;
    for (const cut of [...cuts]) cut();
  };
  return {
    url: through.href,
    sever,
    mend: () => {
      severed = false;
    },
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      sever();
      await closed;
    },
  };
}
