import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { withAfterCommit } from '../src/after-commit.ts';
import { at, memoryStores, newDeposit, newWithdrawal } from './stores.ts';

function observed() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const metrics = createMetrics('payments');
  let wakes = 0;
  const transact = withAfterCommit(memoryStores().transact, {
    logger: createLogger({ name: 'payments', level: 'info', destination }),
    wakeRelay: () => void wakes++,
    metrics,
  });
  const told = () =>
    lines.map(({ msg, transaction_id, status, reason }) => [msg, transaction_id, status, reason] as const);
  return { transact, told, wakes: () => wakes, metrics };
}

test('O3: each status that a transaction is given is one log line', async () => {
  const { transact, told, metrics } = observed();
  const deposit = newDeposit();
  const [cancelled, executed] = [newWithdrawal(), newWithdrawal({ payoutId: 'po_1' })];
  await transact(async (tx) => {
    await tx.insertTransaction(deposit);
    await tx.moveTransaction(deposit.id, { status: 'failed', reason: 'no_card', at: at(1) });
    await tx.insertTransaction(cancelled);
    await tx.insertTransaction(executed);
  });
  await transact((tx) => tx.requestVoid(cancelled.id, 'cancelled_by_user', at(2)));
  await transact((tx) => tx.recordIntent(executed.id, 'po_1', at(2)));
  expect(told()).toEqual([
    ['transition', deposit.id, 'pending', null],
    ['transition', deposit.id, 'failed', 'no_card'],
    ['transition', cancelled.id, 'pending', null],
    ['transition', executed.id, 'pending', null],
    ['transition', cancelled.id, 'voiding', 'cancelled_by_user'],
    ['transition', executed.id, 'processing', null],
  ]);
  const { text } = await metrics.render();
  const counted = (labels: string) => Number(text.split(`total{${labels},service="payments"} `)[1]?.split('\n')[0]);
  expect(counted('kind="withdrawal",status="pending",reason=""')).toBe(2);
  expect(counted('kind="deposit",status="failed",reason="no_card"')).toBe(1);
  expect(counted('kind="withdrawal",status="completed",reason=""')).toBe(0);
});

test('O3: what lost its race or was rolled back leaves no line, and wakes nobody', async () => {
  const { transact, told, wakes } = observed();
  const withdrawal = newWithdrawal();
  await transact((tx) => tx.insertTransaction(withdrawal));
  await transact((tx) => tx.recordIntent(withdrawal.id, 'another payout', at(1)));
  const failing = transact(async (tx) => {
    await tx.requestVoid(withdrawal.id, 'cancelled_by_user', at(1));
    throw new Error('stop');
  });
  await expect(failing).rejects.toThrow('stop');
  expect(told()).toEqual([['transition', withdrawal.id, 'pending', null]]);
  expect(wakes()).toBe(0);
});

test('the relay is woken once by a transaction that enqueued', async () => {
  const { transact, wakes } = observed();
  const { id, userId } = newDeposit();
  const data = { transaction_id: id, user_id: userId, currency: 'ZAR', amount_minor: '100' } as const;
  await transact(async (tx) => {
    await tx.enqueue('payments.transaction-completed.v1', { ...data, kind: 'deposit' });
    await tx.enqueue('payments.transaction-completed.v1', { ...data, kind: 'deposit' });
  });
  expect(wakes()).toBe(1);
});
