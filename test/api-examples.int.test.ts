import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressOf, operationsOf } from '../deploy/generate/openapi.ts';
import { type ApiWorld, askerOf, startApiWorld } from './system/api-world.ts';

/** Issue 4 §2: every example of the API description is carried out against the running system, in the order in which it stands. */
let world: ApiWorld;

beforeAll(async () => {
  world = await startApiWorld();
}, 120_000);
afterAll(() => world?.system.close());

const keysOf = (value: unknown): string[] => Object.keys(value as object).sort();

const examples = Object.values(operationsOf)
  .flat()
  .flatMap((operation) => operation.examples.map((example) => ({ operation, example })));

test.each(
  examples.map((each) => ({
    ...each,
    name: `${each.operation.method} ${addressOf(each.operation)}: ${each.example.name}`,
  })),
)('$name', async ({ operation, example }) => {
  const { status, body, text } = await world.ask(askerOf[operation.access], operation, example);
  expect([status, text]).toEqual([example.status, text]);
  // That the answer is as described was looked at already; here, that the example shows what really comes.
  const isPage = Array.isArray((example.answer as { data?: unknown } | undefined)?.data);
  if (example.answer !== undefined && !isPage) expect(keysOf(body)).toEqual(keysOf(example.answer));
});

test('every refusal’s type leads to a page about it', async () => {
  const answer = await fetch(new URL('/api/v1/me', world.system.gatewayUrl));
  const { type, code } = (await answer.json()) as { type: string; code: string };
  const page = await fetch(new URL(type, world.system.gatewayUrl));
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(await page.text()).toContain(code);
});

test('the page to try the API on loads nothing from elsewhere and evaluates nothing', async () => {
  const page = await fetch(new URL('/docs', world.system.gatewayUrl));
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/default-src 'none'; script-src 'self';/);
  expect(policy).not.toContain('eval');
  const html = await page.text();
  // `data:,` stands for no icon, and loads nothing.
  const loaded = [...html.matchAll(/(?:src|href)="(?!data:,")([^"]+)"/g)].map(([, address = '']) => address);
  expect(loaded.length).toBe(3);
  for (const address of loaded) {
    expect(address).toMatch(/^\/docs\//);
    const file = await fetch(new URL(address, page.url));
    expect([address, file.status, file.headers.get('x-content-type-options')]).toEqual([address, 200, 'nosniff']);
  }
});
