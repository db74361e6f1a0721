import fs from 'node:fs';
import path from 'node:path';
import type { Address } from './balancer.ts';
import { type Service, serviceNames } from './databases.ts';
import { claimBlockOf, freePort, isFree } from './free-port.ts';
import type { Scale } from './scale.ts';
import type { Ports } from './service-environment.ts';

/** Where the design's picture has the gateway. */
const GATEWAY_PORT = 8080;

type Sources = {
  /** The gateway's, from the command line. */
  gatewayPort: number | undefined;
  /** WALLET__PORT and WALLET__OPS_PORT ask for the wallet's. */
  env: NodeJS.ProcessEnv;
};

/**
 * Ports for the processes of one stack, chosen before any of them starts, so that each knows the others' URLs. The last run's where
 * they are still free: checkout pages and webhook addresses that the simulator remembers stay right. Throws when one that was asked
 * for is taken.
 */
export async function choosePorts(stateFolder: string, sources: Sources): Promise<Ports> {
  const file = path.join(stateFolder, 'ports.json');
  const last: Partial<Ports> = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  const taken = new Set<number>();
  const choose = async (asked: string | number | undefined, preferred: (number | undefined)[]): Promise<number> => {
    const port = asked === undefined ? await firstFree(preferred, taken) : Number(asked);
    if (asked !== undefined && !(await isFree(port))) throw new Error(`port ${asked} is taken: choose another`);
    taken.add(port);
    return port;
  };
  const ports: Partial<Ports> = {};
  for (const name of [...serviceNames, 'simulator'] as const) {
    const asked = sources.env[`${name.toUpperCase()}__PORT`] ?? (name === 'gateway' ? sources.gatewayPort : undefined);
    const usual = name === 'gateway' ? [GATEWAY_PORT] : [];
    ports[name] = {
      port: await choose(asked, [...usual, last[name]?.port]),
      opsPort: await choose(sources.env[`${name.toUpperCase()}__OPS_PORT`], [last[name]?.opsPort]),
    };
  }
  fs.writeFileSync(file, JSON.stringify(ports, null, 2), { mode: 0o600 });
  return ports as Ports;
}

async function firstFree(preferred: (number | undefined)[], taken: Set<number>): Promise<number> {
  for (const port of preferred) {
    if (port !== undefined && !taken.has(port) && (await claimBlockOf(port)) && (await isFree(port))) return port;
  }
  const port = await freePort();
  return taken.has(port) ? firstFree([], taken) : port;
}

/** Where the processes of a service listen: at its own ports, or, behind a balancer that listens there, at others. */
export async function replicaAddresses(service: Service, ports: Ports, scale: Scale): Promise<Address[]> {
  if (scale[service] === 1) return [ports[service]];
  const replicas: Address[] = [];
  for (let n = 0; n < scale[service]; n++) {
    replicas.push({ port: await freePort(), opsPort: n === 0 ? ports[service].opsPort : await freePort() });
  }
  return replicas;
}
