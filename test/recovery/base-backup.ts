import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/**
 * A base backup of a running server by PostgreSQL's own backup functions (PostgreSQL documentation, "Making a Base Backup Using the Low
 * Level API"), restored to the moment at which it ended: what pg_basebackup does, which the server's package here does not bring.
 */
export async function takeBackup(url: string, dir: string, into: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('drill', true)`);
    copyFolder(path.join(dir, 'data'), into);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    // The log up to the end of the backup makes the copied files whole; what was copied of it before is older.
    fs.rmSync(path.join(into, 'pg_wal'), { recursive: true });
    copyFolder(path.join(dir, 'data/pg_wal'), path.join(into, 'pg_wal'));
    fs.writeFileSync(path.join(into, 'backup_label'), rows[0]?.labelfile ?? '');
    for (const file of ['postmaster.pid', 'postmaster.opts']) fs.rmSync(path.join(into, file), { force: true });
    const { uid, gid } = fs.statSync(path.join(dir, 'data'));
    fs.chownSync(path.join(into, 'backup_label'), uid, gid);
  } finally {
    await client.end();
  }
}

/** In the place of what the stopped server had. */
export function restoreBackup(from: string, dir: string): void {
  fs.rmSync(path.join(dir, 'data'), { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true });
  copyFolder(from, path.join(dir, 'data'));
}

/** The data folder of a standby that follows the server at this URL, from a backup of it. */
export function prepareStandby(from: string, dir: string, primary: string): void {
  restoreBackup(from, dir);
  const data = path.join(dir, 'data');
  const { hostname, port, username, password } = new URL(primary);
  fs.appendFileSync(
    path.join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'\nhot_standby_feedback = on\n`,
  );
  fs.writeFileSync(path.join(data, 'standby.signal'), '');
}

/** With owners and modes, which PostgreSQL insists on. A file that vanishes meanwhile is none that a backup needs. */
function copyFolder(from: string, to: string): void {
  try {
    execFileSync('cp', ['-a', `${from}/.`, to], { stdio: 'pipe' });
  } catch (error) {
    const lines = String((error as { stderr: Buffer }).stderr)
      .split('\n')
      .filter(Boolean);
    if (lines.some((line) => !line.includes('No such file or directory'))) throw error;
  }
}
