import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayStack, startGateway } from './stack.ts';

let gateway: GatewayStack;
let token: string;

beforeAll(async () => {
  gateway = await startGateway(); // its rate limits lifted: a flood of many addresses meets none
  token = await gateway.login('someone@example.test');
});
afterAll(() => gateway?.close());

test('A1 A5: four hundred logins at once hold up nobody who is logged in; those beyond the queue are told to come back', async () => {
  let ended = 0;
  const body = () => ({ email: `${randomUUID()}@example.test`, password: 'Abcdefg1' });
  const flood = Array.from({ length: 400 }, async () => {
    const answer = await gateway.call('POST', '/api/v1/auth/login', { body: body() });
    ended += 1;
    return answer;
  });
  // As soon as the first is turned away, the queue is full, and nearly all of it is still to be compared.
  await Promise.any(flood.map(async (login) => expect((await login).status).toBe(503)));
  const headers = { authorization: `Bearer ${token}` };
  const others = await Promise.all(
    ['/api/v1/wallets', '/api/v1/me', '/api/v1/transactions', '/api/v1/wallets'].map((path) =>
      gateway.call('GET', path, { headers }),
    ),
  );
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(ended).toBeLessThan(400);

  const answers = await Promise.all(flood);
  const compared = answers.filter(({ status }) => status === 401);
  const refused = answers.filter(({ status }) => status === 503);
  expect(compared.length + refused.length).toBe(400);
  expect(compared.length).toBeGreaterThanOrEqual(2 * 51); // two at work, fifty behind each
  for (const { json, headers: told } of refused)
    expect([json['code'], told['retry-after']]).toEqual(['overloaded', '1']);
}, 60_000);
