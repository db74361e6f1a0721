import { expect, test } from 'vitest';
import { UnknownCommit, withRepeats } from '#libs/db';
import { newId, newUuid } from '#libs/runtime';
import { createHoldBatches } from './batch-holds.ts';

const limits = { dailyMinor: null, monthlyMinor: null };
const claim = () => ({ userId: newUuid(), currency: 'ZAR', amountMinor: 1n, transactionId: newId('wd') }) as const;
const failing = (error: Error) =>
  createHoldBatches({
    place: async () => {
      throw error;
    },
    batchMax: 64,
    lanes: 2,
  });

test('F6: a batch whose COMMIT nobody answered leaves each hold in doubt, one that failed leaves none', async () => {
  const doubt = new UnknownCommit('the connection was lost at COMMIT');
  expect(await failing(doubt)(claim(), limits)).toEqual({ hold: null, doubt });
  expect(await failing(new Error('poisoned'))(claim(), limits)).toEqual({ hold: null });
});

test('F6: what is in doubt and cannot be found out stays unknown, and is never said not to have happened', async () => {
  const doubt = new UnknownCommit('the connection was lost at COMMIT');
  const unreachable = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const transact = withRepeats<unknown>(() => Promise.reject(unreachable), { conflict: () => undefined });
  await expect(transact(async () => 1, { after: doubt })).rejects.toBe(doubt);
  await expect(transact(async () => 1)).rejects.toBe(unreachable);
});
