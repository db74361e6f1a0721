import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { launchStack, type Stack } from '../system/launch-stack.ts';
import { driveLoad } from './drive-load.ts';
import { countRows, metricsOf, sumOf, watchChecks } from './watch-checks.ts';

/**
 * R5: a normal load raises no false break. `npm run soak -- --minutes 10` is the real one; among the other tests six seconds keep
 * it honest.
 */
const minutes = Number(process.env['SOAK_MINUTES'] ?? 0.1);
const perSecond = Number(process.env['SOAK_FLOWS_PER_SECOND'] ?? 5);
/** As short as the load allows, so that nearly all of it is compared while it goes on: half an hour would compare nothing of it. */
const flowMaxMs = 15_000;
const caughtUpTimeoutMs = 240_000;

let stack: Stack;
beforeAll(async () => {
  stack = await launchStack({
    RATE_LIMITS_ENFORCED: 'false',
    WALLET__LEDGER_CHECK_INTERVAL_MS: '5000',
    RECONCILER__CONSERVATION_INTERVAL_MS: '2000',
    RECONCILER__CONSERVATION_FLOW_MAX_MS: String(flowMaxMs),
  });
}, 240_000);
afterAll(() => stack?.close(), 60_000);

const compared = async (feed: string): Promise<number> =>
  sumOf(
    (await metricsOf(stack, 'reconciler'))
      .split('\n')
      .filter((line) => line.includes(`feed="${feed}"`))
      .join('\n'),
    'conservation_compared_total',
  ) ?? 0;

test(
  `R5 I9: ${minutes} minutes of ordinary use: no case, no freeze, every posting and object compared, the books whole`,
  async () => {
    const checks = watchChecks(stack);
    const driven = await driveLoad(stack, { minutes, perSecond });
    const [postings, movements] = [
      await countRows(stack, 'wallet', `postings WHERE kind <> 'hold'`),
      await countRows(stack, 'reconciler', 'provider_movements'),
    ];
    await poll(
      async () => {
        const done = [await compared('postings'), await compared('movements')];
        if (done[0] !== undefined && done[0] >= postings && done[1] !== undefined && done[1] >= movements) return true;
        throw new Error(`${done} of ${postings},${movements} are compared`);
      },
      { timeoutMs: caughtUpTimeoutMs, intervalMs: 1_000 },
    );
    const watched = await checks.stop();
    const found = {
      cases: await countRows(stack, 'reconciler', 'cases'),
      freezes: await countRows(stack, 'wallet', 'freezes'),
      differences: await countRows(stack, 'reconciler', 'differences'),
    };
    const began = Object.values(driven.began).reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      [
        `soak: ${minutes} minutes, ${began} flows (${(began / minutes / 60).toFixed(1)} per second, ${driven.skipped} ticks skipped)`,
        `  ends: ${listed(driven.ended)}`,
        `  compared: ${postings} postings, ${movements} movements at Revio`,
        `  cases ${found.cases}, freezes ${found.freezes}, differences left ${found.differences}`,
        `  ${watched.samples} samples, highest: ${listed(watched.highest)}; absent: ${listed(watched.absent)}`,
        ...driven.surprises.map((surprise) => `  surprise: ${surprise}`),
        '',
      ].join('\n'),
    );
    expect(driven.surprises).toEqual([]);
    expect(found).toEqual({ cases: 0, freezes: 0, differences: 0 });
    expect(watched.highest).toEqual({
      ledger_drift_wallets: 0,
      ledger_negative_accounts: 0,
      conservation_breaks_open: 0,
    });
    await stack.assertPromises();
  },
  minutes * 60_000 + 900_000,
);

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ') || 'none';
