import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configuration, haproxyProgram, startBalancer } from '../local/balancer.ts';
import { serviceNames } from '../local/databases.ts';
import { freePort } from '../local/free-port.ts';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const base = path.join(here, 'base.cfg');
const inContainers = fs.readFileSync(path.join(here, 'compose.cfg'), 'utf8');

const program = haproxyProgram(root);

/** What HAProxy itself says about it; warnings count. */
const mistakes = (file: string): string => {
  if (program === undefined) throw new Error('HAProxy is needed: fetch-haproxy.sh says where to get it');
  try {
    execFileSync(program, ['-c', '-dW', '-f', base, '-f', file], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr);
  }
};
function asFile<Result>(text: string, look: (file: string) => Result): Result {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-haproxy-'));
  const file = path.join(folder, 'haproxy.cfg');
  fs.writeFileSync(file, text);
  try {
    return look(file);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

test('O2: HAProxy takes the configuration of the containers', () => {
  expect(mistakes(path.join(here, 'compose.cfg'))).toBe('');
});

test('O2: HAProxy takes the configuration of `npm start -- --scale`, and would say what is wrong in one', () => {
  const replicas = [
    { port: 20_001, opsPort: 20_002 },
    { port: 20_003, opsPort: 20_004 },
  ];
  const text = configuration([{ name: 'wallet', port: 20_005, replicas }], 20_006);
  expect(asFile(text, mistakes)).toBe('');
  expect(asFile(text.replace('no-check', 'no-chekc'), mistakes)).toContain('no-chekc');
});

test('O2: in the containers every service is behind the balancer, and every address of one is the balancer’s', () => {
  const ports = Object.fromEntries(
    [...inContainers.matchAll(/^listen (\w+)\n {2}bind :(\d+)$/gm)].map(([, name, port]) => [name, port]),
  );
  expect(Object.keys(ports).toSorted()).toEqual([...serviceNames].toSorted());
  const { services } = parse(fs.readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string>; ports?: string[] }>;
  };
  for (const { environment = {} } of Object.values(services)) {
    for (const service of serviceNames) {
      const url = environment[`${service.toUpperCase()}_URL`];
      if (url !== undefined) expect(url).toBe(`http://balancer:${ports[service]}`);
    }
  }
  // A port of the host can belong to one container only.
  expect(serviceNames.filter((service) => services[service]?.ports !== undefined)).toEqual([]);
});

test('O2 O3: when no replica is there, the answer is a problem with an id of its own', async () => {
  if (program === undefined) throw new Error('HAProxy is needed: fetch-haproxy.sh says where to get it');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'piggybank-haproxy-'));
  const nobody = { port: await freePort(), opsPort: await freePort() };
  const fronts = [{ name: 'gateway', port: await freePort(), replicas: [nobody] }];
  const balancer = await startBalancer({ program, checkout: root, folder, fronts, port: await freePort() });
  try {
    const ask = () => fetch(`http://127.0.0.1:${fronts[0]?.port}/`);
    const [one, other] = await Promise.all([ask(), ask()]);
    expect([one.status, one.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
    expect(await one.json()).toMatchObject({ code: 'temporarily_unavailable', status: 503 });
    expect(one.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(other.headers.get('x-request-id')).not.toBe(one.headers.get('x-request-id'));
  } finally {
    await balancer.stop();
    fs.rmSync(folder, { recursive: true });
  }
});
