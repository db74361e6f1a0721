import { once } from 'node:events';
import http from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import type { Address } from './balancer.ts';
import { freePort } from './free-port.ts';
import { startRoundRobin } from './round-robin.ts';

/** A replica that says its name, who was said to ask, and what it was sent. */
class Replica {
  readonly servers: http.Server[] = [];
  ready = true;
  readonly name: string;
  readonly at: Address;
  constructor(name: string, at: Address) {
    this.name = name;
    this.at = at;
  }
  async listen(): Promise<void> {
    const service = http.createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end(`${this.name} ${request.headers['x-forwarded-for']} ${body}`);
    });
    const ops = http.createServer((_request, response) => void response.writeHead(this.ready ? 200 : 503).end());
    this.servers.push(service.listen(this.at.port, '127.0.0.1'), ops.listen(this.at.opsPort, '127.0.0.1'));
    await Promise.all(this.servers.map((server) => once(server, 'listening')));
  }
  close(): void {
    for (const server of this.servers.splice(0)) server.close().closeAllConnections();
  }
}

let one: Replica;
let two: Replica;
let url: string;
let balancer: { stop: () => Promise<void> };

beforeEach(async () => {
  const address = async (): Promise<Address> => ({ port: await freePort(), opsPort: await freePort() });
  one = new Replica('one', await address());
  two = new Replica('two', await address());
  await Promise.all([one.listen(), two.listen()]);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  balancer = await startRoundRobin([{ name: 'wallet', port, replicas: [one.at, two.at] }]);
});
afterEach(async () => {
  await balancer.stop();
  one.close();
  two.close();
});

const ask = async (body = 'x', headers = {}): Promise<string> =>
  (await fetch(url, { method: 'POST', body, headers })).text();
const askedOf = async (times: number): Promise<string[]> => {
  const names: string[] = [];
  for (let n = 0; n < times; n++) names.push((await ask()).split(' ')[0] ?? '');
  return names.toSorted();
};

test('O2: replicas are asked in turn, and told who asks as the last entry', async () => {
  expect(await askedOf(4)).toEqual(['one', 'one', 'two', 'two']);
  expect(await ask('body', { 'x-forwarded-for': '192.0.2.1' })).toMatch(/^(one|two) 192\.0\.2\.1, 127\.0\.0\.1 body$/);
});

test('O2: one that is not ready is asked no more; when none is, all are', async () => {
  one.ready = false;
  await poll(async () => (await askedOf(4)).every((name) => name === 'two'));
  two.ready = false;
  await poll(async () => (await askedOf(4)).includes('one'));
});

test('O2: what one refuses to take, another gets whole; what nobody takes is answered as a problem', async () => {
  one.close();
  const long = 'a'.repeat(200_000);
  for (let n = 0; n < 4; n++) expect(await ask(long)).toBe(`two 127.0.0.1 ${long}`);
  two.close();
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});
