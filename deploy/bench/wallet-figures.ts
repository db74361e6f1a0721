import type { Figure } from './measure.ts';
import type { PrivateServers } from './private-servers.ts';
import { walletsCount } from './wallet-data.ts';
import { type HoldsRig, holdsRig } from './wallet-holds.ts';

type Make = (servers: PrivateServers, root: string, tell: (text: string) => void) => Promise<Figure>;

/** Each figure has a ledger of its own, so that none begins with what another left. */
let ledgers = 0;
const small = () => ({ name: `holds_${++ledgers}`, postingsEach: 1 });
const onSmall =
  (make: (rig: HoldsRig) => Promise<Omit<Figure, 'broken' | 'close'>>): Make =>
  async (servers, root, tell) => {
    const rig = await holdsRig(servers, root, { ...small(), tell });
    return { ...(await make(rig)), broken: rig.brokenPromises, close: rig.close };
  };

/** B1: holds per second over HTTP, each with its own transaction, and those of pgbench with the same statement. */
export const holdsAlone = onSmall(async (rig) => {
  const { spread } = await rig.service({ batchMax: 1 });
  return { ours: spread, baseline: rig.pgbench };
});

/** B1 again, as the service is set: what waits goes together. */
export const holdsBatched = onSmall(async (rig) => {
  const { spread } = await rig.service({});
  return { ours: spread, baseline: rig.pgbench };
});

/** B2: the same for one wallet that everybody wants, beside B1. */
export const oneHotWallet = onSmall(async (rig) => {
  const { spread, oneWallet, retries } = await rig.service({});
  const missed = async () => {
    const { retried } = await retries();
    return retried === 0 ? [] : [`${retried} transactions were run again`];
  };
  return { ours: oneWallet, baseline: spread, missed };
});

/** B3: SERIALIZABLE beside READ COMMITTED. */
export const isolation = onSmall(async (rig) => {
  const { spread, retries } = await rig.service({});
  const weaker = await rig.service({ preload: 'dist/deploy/bench/read-committed.js' });
  const missed = async () => {
    const { retried, committed } = await retries();
    return retried <= 0.005 * committed ? [] : [`${retried} retries for ${committed} transactions`];
  };
  return { ours: spread, baseline: weaker.spread, missed };
});

/** B8: B1 on a ledger of so many entries, two to a posting, beside B1 on one that has just begun. */
export const largeLedger =
  (entries: number): Make =>
  async (servers, root, tell) => {
    const large = { name: 'large', postingsEach: Math.ceil(entries / 2 / walletsCount) };
    const begun = await holdsRig(servers, root, { ...small(), tell });
    const grown = await holdsRig(servers, root, { ...large, tell });
    const [ours, baseline] = [await grown.service({}), await begun.service({})];
    // After a start or a checkpoint the larger has more to read, and more whole pages to write: once per page, however long it then runs.
    for (const service of [ours, baseline]) await service.warm();
    return {
      ours: ours.spread,
      baseline: baseline.spread,
      broken: async () => [...(await begun.brokenPromises()), ...(await grown.brokenPromises())],
      close: async () => void (await Promise.all([begun.close(), grown.close()])),
    };
  };
