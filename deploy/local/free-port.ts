import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Where our ports are. Below 32768, where Linux begins to take the near ends of outgoing connections: those would otherwise sit on
 * the port of a server that is down for a moment.
 */
const PORTS_FROM = 20_000;
const PORTS_BELOW = 32_000;
/** One guard and 49 to give away; a whole stack needs 20. 240 blocks are more processes than any test run has. */
const BLOCK_SIZE = 50;
/** A try finds a block taken or a block free. That a thousand random ones are all taken means something else is wrong. */
const BLOCK_ATTEMPTS_MAX = 1_000;

/** The guards of our blocks, by the first port of each. */
const guards = new Map<number, Server>();
let nextPort = 0;

/**
 * A TCP port of 127.0.0.1 that is free now, and that no other process of ours will choose: there are seconds between the choice and
 * the moment when a server binds it, and two test runs beside each other used to pick the same one. Each process gives away ports of
 * blocks of its own. A block belongs to whoever listens on its first port, so the kernel gives it back however its owner ends, kill -9
 * included. A strange program may still be faster: callers retry or fail.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    if (nextPort % BLOCK_SIZE === 0) nextPort = (await claimAnyBlock()) + 1;
    const port = nextPort++;
    if (await isFree(port)) return port;
  }
}

/** Whether the block of this port is ours, now if not before. Ports outside of the blocks are nobody's. */
export async function claimBlockOf(port: number): Promise<boolean> {
  if (port < PORTS_FROM || port >= PORTS_BELOW) return true;
  const first = port - (port % BLOCK_SIZE);
  if (guards.has(first)) return true;
  const guard = await listenOn(first);
  if (guard !== undefined) guards.set(first, guard.unref());
  return guard !== undefined;
}

export async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  if (server === undefined) return false;
  server.close();
  await once(server, 'close');
  return true;
}

async function claimAnyBlock(): Promise<number> {
  for (let attempt = 1; attempt <= BLOCK_ATTEMPTS_MAX; attempt++) {
    const first = PORTS_FROM + BLOCK_SIZE * randomInt((PORTS_BELOW - PORTS_FROM) / BLOCK_SIZE);
    if (!guards.has(first) && (await claimBlockOf(first))) return first;
  }
  throw new Error(`no block of ports is free between ${PORTS_FROM} and ${PORTS_BELOW}`);
}

async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
