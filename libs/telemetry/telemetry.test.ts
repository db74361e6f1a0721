import { afterEach, expect, test, vi } from 'vitest';
import { type Checks, createMetrics, type Ops, startOps } from './index.ts';

const opened: Ops[] = [];
afterEach(async () => {
  for (const ops of opened.splice(0)) await ops.stop();
});

async function opsWith(ready: () => Promise<Checks>, metrics = createMetrics('wallet')): Promise<Ops> {
  const ops = await startOps({ host: '127.0.0.1', port: 0, metrics, ready });
  opened.push(ops);
  return ops;
}
const get = async (url: string) => {
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
};

test('O3: ready only after the start and with every dependency, each named; alive throughout', async () => {
  const checks: Checks = { database: true, broker: 'reconnecting' };
  const ops = await opsWith(async () => checks);
  expect((await get(`${ops.url}/readyz`)).status).toBe(503);
  ops.setReady(true);
  expect(await get(`${ops.url}/readyz`)).toEqual({
    status: 200,
    text: '{"ready":true,"checks":{"database":true,"broker":"reconnecting","accepting":true}}\n',
  });
  checks['database'] = false;
  expect((await get(`${ops.url}/readyz`)).status).toBe(503);
  expect((await get(`${ops.url}/livez`)).status).toBe(200);
});

test('O3: a check that fails or hangs is not ready, and never an unanswered probe', async () => {
  for (const ready of [() => Promise.reject(new Error('x')), () => new Promise<Checks>(() => undefined)]) {
    const ops = await opsWith(ready);
    ops.setReady(true);
    expect((await get(`${ops.url}/readyz`)).status).toBe(503);
  }
});

test('O4: known label sets begin at zero, and asking for a metric again gives the same one', async () => {
  const metrics = createMetrics('wallet');
  const definition = {
    name: 'holds_total',
    help: 'x',
    labels: ['outcome'],
    zero: [{ outcome: 'held' }, { outcome: 'refused' }],
  } as const;
  metrics.counter(definition).inc({ outcome: 'held' });
  metrics.counter(definition).inc({ outcome: 'held' });
  const ops = await opsWith(async () => ({}), metrics);
  const { text } = await get(`${ops.url}/metrics`);
  expect(text).toContain('holds_total{outcome="held",service="wallet"} 2');
  expect(text).toContain('holds_total{outcome="refused",service="wallet"} 0');
});

test('O4: a second client of the same metric brings its own label sets, and sets nothing back', async () => {
  const metrics = createMetrics('gateway');
  const breaker = (peer: string) =>
    metrics.gauge({ name: 'open', help: 'x', labels: ['peer'], zero: [{ peer }] } as const);
  const refused = (peer: string) =>
    metrics.counter({ name: 'refused_total', help: 'x', labels: ['peer'], zero: [{ peer }] } as const);
  breaker('wallet').set({ peer: 'wallet' }, 1);
  refused('wallet').inc({ peer: 'wallet' });
  breaker('payments');
  breaker('wallet');
  refused('payments');
  const { text } = await metrics.render();
  for (const line of ['open{peer="wallet",service="gateway"} 1', 'open{peer="payments",service="gateway"} 0'])
    expect(text).toContain(line);
  for (const line of ['refused_total{peer="wallet"', 'refused_total{peer="payments"']) expect(text).toContain(line);
});

test('R5: a gauge that cannot be measured is absent, not zero and not yesterday’s, and the others still show', async () => {
  const metrics = createMetrics('wallet');
  let broken = false;
  const collect = (gauge: { set(value: number): void }): void => {
    if (broken) throw new Error('the database is down');
    gauge.set(7);
  };
  metrics.gauge({ name: 'imbalance_minor', help: 'x', collect });
  metrics.gauge({
    name: 'imbalance_by_currency_minor',
    help: 'x',
    labels: ['currency'],
    collect: (gauge) => collect({ set: (value) => gauge.set({ currency: 'ZAR' }, value) }),
  });
  metrics.gauge({ name: 'other', help: 'x' }).set(1);
  expect((await metrics.render()).text).toContain('imbalance_minor{service="wallet"} 7');
  expect((await metrics.render()).text).toContain('imbalance_by_currency_minor{currency="ZAR",service="wallet"} 7');
  broken = true;
  const { text } = await metrics.render();
  expect(text).not.toMatch(/^imbalance_/m);
  expect(text).toContain('other{service="wallet"} 1');
});

test('O3: a gauge that takes too long is absent, and the scrape ends without it', async () => {
  const metrics = createMetrics('wallet');
  metrics.gauge({ name: 'waits_for_a_connection', help: 'x', collect: () => new Promise(() => {}) });
  metrics.gauge({ name: 'connections_waited_for', help: 'x' }).set(11);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const rendering = metrics.render();
    await vi.advanceTimersByTimeAsync(3_000);
    const { text } = await rendering;
    expect(text).not.toMatch(/^waits_for_a_connection/m);
    expect(text).toContain('connections_waited_for{service="wallet"} 11');
  } finally {
    vi.useRealTimers();
  }
});
