// `npm run after-restore`: after databases were restored to an earlier moment, before any service starts (docs/recovery.md). Later, for each
// withdrawal that it names: `-- --found wd_…=<payout id>` or, where Revio has none, `-- --none wd_…`, each with the ids of the two admins who
// looked: `--by <user id>,<user id>`.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '#libs/runtime';
import { foundNone, foundPayout, type Lookers } from './end-look-up.ts';
import { fenceAfterRestore } from './fence.ts';

const urls = z.object({ RESTORED_WALLET_URL: z.url(), RESTORED_PAYMENTS_URL: z.url() });

try {
  const config = loadConfig(urls, process.env);
  const [walletUrl, paymentsUrl] = [config.RESTORED_WALLET_URL, config.RESTORED_PAYMENTS_URL];
  const text = { type: 'string' } as const;
  const { found, none, by } = parseArgs({ options: { found: text, none: text, by: text } }).values;
  if (found !== undefined) {
    const [id = '', payoutId = ''] = found.split('=');
    if (payoutId === '') throw new Error('Say which payout: --found wd_…=<payout id>');
    ended(id, await foundPayout(paymentsUrl, readLookers(by), id, payoutId), 'is read at Revio under this payout');
  } else if (none !== undefined) {
    ended(
      none,
      await foundNone(paymentsUrl, readLookers(by), none),
      'goes on, and is paid out once the freeze is lifted',
    );
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

function readLookers(text = ''): Lookers {
  const [one = '', other = '', ...more] = text.split(',');
  if (![one, other].every((id) => z.uuid().safeParse(id).success) || one === other || more.length > 0)
    throw new Error('Say which two admins looked at Revio: --by <user id>,<user id>');
  return [one, other];
}
