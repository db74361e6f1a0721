// `npm run after-restore`: after databases were restored to an earlier moment, before any service starts (docs/recovery.md). Later, for each
// withdrawal that it names: `-- --found wd_…=<payout id>` or, where Revio has none, `-- --none wd_…`.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '#libs/runtime';
import { foundNone, foundPayout } from './end-look-up.ts';
import { fenceAfterRestore } from './fence.ts';

const urls = z.object({ RESTORED_WALLET_URL: z.url(), RESTORED_PAYMENTS_URL: z.url() });

try {
  const config = loadConfig(urls, process.env);
  const [walletUrl, paymentsUrl] = [config.RESTORED_WALLET_URL, config.RESTORED_PAYMENTS_URL];
  const { found, none } = parseArgs({ options: { found: { type: 'string' }, none: { type: 'string' } } }).values;
  if (found !== undefined) {
    const [id = '', payoutId = ''] = found.split('=');
    if (payoutId === '') throw new Error('Say which payout: --found wd_…=<payout id>');
    ended(id, await foundPayout(paymentsUrl, id, payoutId), 'is read at Revio under this payout');
  } else if (none !== undefined) {
    ended(none, await foundNone(paymentsUrl, none), 'goes on, and is paid out once the freeze is lifted');
  } else {
    const { toRead, toLookUp } = await fenceAfterRestore({ walletUrl, paymentsUrl });
    console.log('Withdrawals are frozen everywhere; two admins lift it when all of this is done.');
    console.log(`${toRead.length} withdrawals will be read at Revio by their payout.`);
    console.log(`${toLookUp.length} have no payout here. Look for one with this reference at Revio:`);
    for (const id of toLookUp) console.log(`  ${id}`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function ended(id: string, done: boolean, how: string): void {
  if (!done) throw new Error(`${id} does not wait for a look at Revio.`);
  console.log(`${id} ${how}.`);
}
