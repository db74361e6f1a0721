import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#libs/runtime';
import { type GatewayStack, startGateway } from './stack.ts';

let gateway: GatewayStack;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());

test.each([
  ['return', 'being confirmed'],
  ['failed', 'did not go through'],
  ['cancelled', 'was cancelled'],
])('M1: a payer who comes back by …/%s gets a page, with no token', async (outcome, words) => {
  const answer = await fetch(`${gateway.url}/deposits/${newId('dep')}/${outcome}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(await answer.text()).toContain(words);
});

test('A6: the page may load nothing but its own style, and repeats nothing of the URL', async () => {
  const answer = await fetch(`${gateway.url}/deposits/marker-in-the-id/return?marker=1`);
  const html = await answer.text();
  const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(html).not.toMatch(/marker|<script|<form|https?:/);
});

test('no other page, and no other method', async () => {
  expect((await fetch(`${gateway.url}/deposits/${newId('dep')}`)).status).toBe(404);
  expect((await fetch(`${gateway.url}/deposits/${newId('dep')}/return`, { method: 'POST' })).status).toBe(404);
});
