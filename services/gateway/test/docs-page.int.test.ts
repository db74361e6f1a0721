import { webcrypto } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import express from 'express';
import supertest from 'supertest';
import { expect, test } from 'vitest';
import { samples } from '#libs/contracts';
import { docsPages } from '../src/docs-page.ts';

interface Sent {
  headers: Record<string, string>;
}

test('M6: on the page to try the API on each press is a new intent, unless somebody wrote a key', async () => {
  const { text } = await supertest(express().use(docsPages())).get('/docs/start.js').expect(200);
  let intercept = (request: Sent): Sent => request;
  const window = { onload: () => undefined };
  const SwaggerUIBundle = (options: { requestInterceptor: typeof intercept }) => {
    intercept = options.requestInterceptor;
  };
  runInNewContext(text, { window, SwaggerUIBundle, crypto: webcrypto, Uint8Array });
  window.onload();
  const sentFor = (key: string) => intercept({ headers: { 'Idempotency-Key': key } }).headers['Idempotency-Key'];
  const [first, second] = [sentFor(samples.key), sentFor(samples.key)];
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(second).toMatch(/^[0-9a-f]{32}$/);
  expect(second).not.toBe(first);
  expect(sentFor('my-own-key')).toBe('my-own-key');
  expect(intercept({ headers: {} })).toEqual({ headers: {} });
});
