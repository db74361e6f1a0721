import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Payee } from '../src/revio/provider.ts';
import { submitPayouts } from '../src/withdrawal/submit-payout.ts';
import { openWorld, post, type World } from './world.ts';

let world: World;
let strangerCalls = 0;
const stranger = http.createServer((_request, response) => {
  strangerCalls += 1;
  response.end('{"status":"success"}');
});
let strangerUrl: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  // A Revio that hands out URLs on another host than its API.
  world = await openWorld({ revio: { publicUrl: strangerUrl } });
});
afterAll(async () => {
  await world?.close();
  stranger.close();
});

const payee: Payee = { holder: 'T Mokoena', accountNumber: '62000000001', bankCode: '250655', bankName: null };

test('A8: an execution URL that leads elsewhere is never stored, never called, and fails nobody', async () => {
  const user = await world.user();
  const body = { amount: '1.00', currency: 'ZAR', bank_account_id: user.bankAccountId };
  const { body: withdrawal } = await post(world.app(), '/withdrawals', user, body).expect(202);
  await submitPayouts(world.deps);
  expect(world.notes.unavailable).toEqual(['create_payout unusable']);
  const row = await world.stores.transact((tx) => tx.findTransaction(withdrawal.id));
  expect(row).toMatchObject({ status: 'pending', payoutId: null, executeSentAt: null });
  expect(strangerCalls).toBe(0);
});

test.each([
  ['another host', () => `${strangerUrl}/po/1/bank/`],
  ['another scheme', () => world.simulator.url.replace('http:', 'https:')],
  ['credentials', () => world.simulator.url.replace('//', '//key:secret@')],
  ['a host that begins alike', () => world.simulator.url.replace('127.0.0.1', '127.0.0.1.example.com')],
  ['no URL', () => '/po/1/bank/'],
  ['another protocol', () => 'file:///etc/passwd'],
])('A8: execute is not sent to %s', async (_name, url) => {
  expect(await world.deps.provider.executePayout(url(), payee)).toEqual({ kind: 'not_sent' });
  expect(strangerCalls).toBe(0);
});
