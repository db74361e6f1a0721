import fs from 'node:fs';
import path from 'node:path';

export type TryLock = (file: string) => (() => void) | undefined;

/**
 * Makes the state folder ours alone and locks it: two launchers on one data folder would ruin it. Answers the function that unlocks
 * it, or undefined while another launcher runs on it.
 */
export function openStateFolder(
  folder: string,
  options: { tryLock: TryLock; fresh: boolean },
): (() => void) | undefined {
  // 0711: PostgreSQL's user must pass through, and see nothing on the way.
  fs.mkdirSync(folder, { recursive: true });
  const stat = fs.lstatSync(folder);
  const owner = process.getuid?.();
  if (!stat.isDirectory() || (owner !== undefined && stat.uid !== owner)) {
    // /var/tmp is everybody's: somebody else may have made the folder first, to read or plant what lies in it.
    throw new Error(`${folder} is not a folder of ours: choose another with STATE_DIR`);
  }
  fs.chmodSync(folder, 0o711);
  const unlock = options.tryLock(path.join(folder, 'lock'));
  if (unlock !== undefined && options.fresh) {
    for (const name of fs.readdirSync(folder)) {
      if (name !== 'lock') fs.rmSync(path.join(folder, name), { recursive: true, force: true, maxRetries: 10 });
    }
  }
  return unlock;
}
