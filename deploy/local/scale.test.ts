import { expect, test } from 'vitest';
import { configuration } from './balancer.ts';
import { connectionsWanted, readScale } from './scale.ts';

const one = { gateway: 1, wallet: 1, payments: 1, webhooks: 1, reconciler: 1 };

test('O2: each service scales on its own; who is not named has one process', () => {
  expect(readScale(undefined, {})).toEqual(one);
  expect(readScale('wallet=2,payments=3', {})).toEqual({ ...one, wallet: 2, payments: 3 });
});

test.each(['', 'wallet', 'wallet=0', 'wallet=-1', 'wallet=9', 'bank=2', 'wallet=2,', 'wallet=2=3'])(
  'O2: --scale "%s" makes no sense and is refused with what would',
  (text) => {
    expect(() => readScale(text, {})).toThrow('gateway, wallet, payments, webhooks, reconciler with =1 to =8');
  },
);

test('O2: replicas whose pools PostgreSQL could not fill are refused, unless their pools are smaller or the server is another', () => {
  const many = 'gateway=4,wallet=4,payments=4,webhooks=4,reconciler=4';
  expect(() => readScale(many, {})).toThrow('216 connections are more than PostgreSQL');
  expect(() => readScale(many, { DB_POOL_MAX: '8' })).not.toThrow();
  expect(() => readScale(many, { DATABASE_URL: 'postgres://elsewhere' })).not.toThrow();
});

test('O2: the budget counts each replica’s own pool', () => {
  expect(connectionsWanted(one, {})).toBe(54);
  expect(connectionsWanted({ ...one, wallet: 3 }, { DB_POOL_MAX: '5', WALLET__DB_POOL_MAX: '20' })).toBe(
    20 + 3 * (20 + 4),
  );
});

test('O2: the balancer probes each replica on its operators’ port, and asks all when none is ready', () => {
  const replicas = [
    { port: 1, opsPort: 11 },
    { port: 2, opsPort: 12 },
  ];
  const lines = configuration([{ name: 'wallet', port: 9, replicas }], 99).split('\n');
  expect(lines.filter((line) => line.includes('server '))).toEqual([
    '  server wallet-1 127.0.0.1:1 port 11',
    '  server wallet-2 127.0.0.1:2 port 12',
    '  server wallet-1-anyway 127.0.0.1:1 no-check backup',
    '  server wallet-2-anyway 127.0.0.1:2 no-check backup',
  ]);
});
