import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { poll } from '#libs/testing';
import {
  type ClientOptions,
  createClient,
  type KeptTokens,
  type Piggybank,
  PiggybankProblem,
  PiggybankUnreachable,
} from '../clients/typescript/src/index.ts';
import { type System, startSystem } from './system/start-system.ts';

/** The client as its users have it, against the running system. */
let system: System;

beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system?.close());

const password = 'Correct-Horse-1';

async function newUser(options: Partial<ClientOptions> = {}): Promise<{ piggybank: Piggybank; email: string }> {
  const { email } = await system.signUp();
  const piggybank = createClient({ baseUrl: system.gatewayUrl, retryMs: 10, ...options });
  await piggybank.signIn({ email, password });
  return { piggybank, email };
}

/** A fetch that counts, and does something else instead where `instead` says so. */
function watchedFetch(
  instead: (url: string, asked: number) => 'lose the answer' | 'refuse' | undefined = () => undefined,
) {
  const asked: { method: string; url: string; key: string | null }[] = [];
  const watched: typeof fetch = async (input, init) => {
    const url = String(input);
    asked.push({ method: init?.method ?? 'GET', url, key: new Headers(init?.headers).get('idempotency-key') });
    const what = instead(url, asked.filter((each) => each.url === url).length);
    if (what === 'refuse') throw new TypeError('refused');
    const answer = await fetch(input, init);
    if (what !== 'lose the answer') return answer;
    await answer.arrayBuffer();
    throw new TypeError('the connection broke');
  };
  return { fetch: watched, asked };
}

const newDeposit = { body: { amount: '150.00', currency: 'ZAR' } } as const;

test('M1 T5: a deposit is begun, paid, and told as completed to whoever waits', async () => {
  const { piggybank } = await newUser();
  const deposit = await piggybank.createDeposit(newDeposit);
  expect(deposit).toMatchObject({ status: 'pending', amount: '150.00' });
  const waiting = piggybank.waitForCompletion(deposit.id, { pollMs: 60_000 });
  system.simulator.control.pay({ reference: deposit.id });
  expect(await waiting).toMatchObject({ id: deposit.id, status: 'completed' });
  expect(await piggybank.readWallet({ params: { currency: 'ZAR' } })).toMatchObject({ available: '150.00' });
});

test('T5: where no stream can be followed, the wait looks now and then', async () => {
  const { fetch, asked } = watchedFetch((url) => (url.endsWith('/events') ? 'refuse' : undefined));
  const { piggybank } = await newUser({ fetch });
  const deposit = await piggybank.createDeposit(newDeposit);
  const waiting = piggybank.waitForCompletion(deposit.id, { pollMs: 50 });
  system.simulator.control.pay({ reference: deposit.id });
  expect((await waiting).status).toBe('completed');
  expect(asked.some(({ url }) => url.endsWith('/events'))).toBe(true);
});

test('a wait can be given up', async () => {
  const { piggybank } = await newUser();
  const { id } = await piggybank.createDeposit(newDeposit);
  const given = new AbortController();
  const waiting = piggybank.waitForCompletion(id, { signal: given.signal });
  given.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('M6 F1 F3: an answer that is lost on the way is asked for again, with the same key: one deposit', async () => {
  const { fetch, asked } = watchedFetch((url, times) =>
    url.endsWith('/deposits') && times < 3 ? 'lose the answer' : undefined,
  );
  const { piggybank } = await newUser({ fetch });
  const deposit = await piggybank.createDeposit(newDeposit);
  const keys = asked.filter(({ url }) => url.endsWith('/deposits')).map(({ key }) => key);
  expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
  expect((await piggybank.listTransactions()).data.map(({ id }) => id)).toEqual([deposit.id]);
});

test('M6: what may not be carried out twice is not repeated when its answer is lost', async () => {
  const { fetch, asked } = watchedFetch((url) => (url.endsWith('/bank-accounts') ? 'lose the answer' : undefined));
  const { piggybank } = await newUser({ fetch });
  const account = { bank_code: '250655', account_number: '62000000002', account_holder: 'T MOKOENA' };
  await expect(piggybank.addBankAccount({ body: account })).rejects.toBeInstanceOf(PiggybankUnreachable);
  expect(asked.filter(({ url }) => url.endsWith('/bank-accounts'))).toHaveLength(1);
});

test('M6: when no answer comes at all, the error has the key to go on with', async () => {
  let down = true;
  const { fetch } = watchedFetch((url) => (down && url.endsWith('/deposits') ? 'lose the answer' : undefined));
  const { piggybank } = await newUser({ fetch, triesMax: 2 });
  const failure: unknown = await piggybank.createDeposit(newDeposit).catch((error: unknown) => error);
  if (!(failure instanceof PiggybankUnreachable) || failure.idempotencyKey === undefined) throw failure;
  down = false;
  const { idempotencyKey } = failure;
  const deposit = await piggybank.createDeposit({ ...newDeposit, idempotencyKey });
  expect((await piggybank.listTransactions()).data.map(({ id }) => id)).toEqual([deposit.id]);
});

test('a refusal is a problem with its code and what is wrong with which field', async () => {
  const { piggybank } = await newUser();
  const failure: unknown = await piggybank
    .createDeposit({ body: { amount: '1.005', currency: 'ZAR' } })
    .catch((error: unknown) => error);
  if (!(failure instanceof PiggybankProblem)) throw failure;
  expect([failure.code, failure.status, failure.errors[0]?.pointer]).toEqual(['validation_failed', 422, '/amount']);
  expect(failure.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test('A1: five calls at once with a token that is over refresh it once, and the new one is told', async () => {
  const told: (KeptTokens | undefined)[] = [];
  const first = await newUser({ onTokens: (tokens) => told.push(tokens) });
  const [kept] = told;
  if (kept === undefined) throw new Error('no tokens were told');
  const { fetch, asked } = watchedFetch();
  const again = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    tokens: { ...kept, expiresAt: 0 },
    onTokens: (tokens) => told.push(tokens),
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => again.readMe()));
  expect(new Set(answers.map(({ email }) => email))).toEqual(new Set([first.email]));
  expect(asked.filter(({ url }) => url.endsWith('/auth/refresh'))).toHaveLength(1);
  expect(told).toHaveLength(2);
  await again.signOut();
  expect(told.at(-1)).toBeUndefined();
  await expect(again.readMe()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('A1: a token that is refused although it should last is replaced, and the call made again', async () => {
  let kept: KeptTokens | undefined;
  await newUser({ onTokens: (tokens) => (kept = tokens) });
  if (kept === undefined) throw new Error('no tokens were told');
  const stale = createClient({ baseUrl: system.gatewayUrl, tokens: { ...kept, accessToken: 'not.a.token' } });
  expect((await stale.readMe()).role).toBe('user');
});

test('T1: a list is read to its end, page by page, each item once', async () => {
  const { piggybank } = await newUser();
  for (let n = 0; n < 5; n++) await piggybank.createDeposit(newDeposit);
  const ids: string[] = [];
  for await (const { id } of piggybank.all('listTransactions', { query: { per_page: 2 } })) ids.push(id);
  expect([ids.length, new Set(ids).size]).toEqual([5, 5]);
});

async function pendingDepositOf(email: string): Promise<string> {
  const piggybank = createClient({ baseUrl: system.gatewayUrl });
  await piggybank.signIn({ email, password });
  const [deposit] = (await piggybank.listTransactions()).data;
  if (deposit === undefined) throw new Error('no deposit was begun');
  return deposit.id;
}

test('the example of the README runs', async () => {
  const [, example = ''] =
    /```ts\n([\s\S]*?)```/.exec(
      readFileSync(path.join(import.meta.dirname, '../clients/typescript/README.md'), 'utf8'),
    ) ?? [];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'piggybank-readme-'));
  const file = path.join(folder, 'example.ts');
  writeFileSync(
    file,
    example.replace('@piggybank/client', path.join(import.meta.dirname, '../clients/typescript/src/index.ts')),
  );
  const { email } = await system.signUp();
  vi.stubEnv('PIGGYBANK_URL', system.gatewayUrl);
  vi.stubEnv('PIGGYBANK_EMAIL', email);
  vi.stubEnv('PIGGYBANK_PASSWORD', password);
  const lines: unknown[][] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...line: unknown[]) => void lines.push(line));
  try {
    const running = import(file);
    await poll(() => lines.length > 0);
    system.simulator.control.pay({ reference: await pendingDepositOf(email) });
    await running;
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
  expect(lines[1]).toEqual(['completed', '150.00', 'ZAR']);
  expect(lines.at(-1)).toEqual(['validation_failed', '/amount', 'too_many_decimals']);
});
