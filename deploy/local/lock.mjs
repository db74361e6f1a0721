// Only Node built-ins: this runs before anything is installed.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** An install from an empty cache on a slow line; a lock held longer belongs to something that hangs. */
const WAIT_MAX_MS = 15 * 60_000;

/** Names one process for ever: after a reboot its number is another program's, but not with the same start time. */
const tokenOf = (pid) => `${pid}@${startTime(pid)}`;

function startTime(pid) {
  try {
    // Field 22 of /proc/<pid>/stat, counted behind the program's name, which may contain spaces. No /proc: the number has to do.
    return fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ')[19];
  } catch {
    return '';
  }
}

export function isAlive(token) {
  const pid = Number.parseInt(token, 10);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false; // EPERM: it lives, as another user
  }
  return tokenOf(pid) === token;
}

export const ownToken = tokenOf(process.pid);

/**
 * Takes the lock `file`, or answers undefined when a living process holds it. A link is made whole or not at all, so nobody ever
 * reads half a name. The lock of a dead process is removed only by whoever holds the folder named after that process, and only
 * after looking again: two that saw the same dead owner cannot remove each other's new lock.
 */
export function tryLock(file) {
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      fs.symlinkSync(ownToken, file);
      return () => ownerOf(file) === ownToken && fs.rmSync(file);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(file);
    if (owner === undefined) continue;
    if (isAlive(owner)) return undefined;
    removeDead(file, owner);
  }
  return undefined;
}

export function removeDead(file, owner) {
  const claim = `${file}.${owner}`;
  try {
    fs.mkdirSync(claim);
  } catch {
    return; // somebody else is at it
  }
  if (ownerOf(file) === owner) fs.rmSync(file);
  fs.rmdirSync(claim);
}

function ownerOf(file) {
  try {
    return fs.readlinkSync(file);
  } catch {
    return undefined;
  }
}

/** Waits for the lock and answers the function that gives it back. */
export async function lock(file, what) {
  const deadline = Date.now() + WAIT_MAX_MS;
  for (let told = false; Date.now() < deadline; told = true) {
    const release = tryLock(file);
    if (release) return release;
    if (!told) console.log(`Another process ${what} in this checkout: waiting for it …`);
    await sleep(200);
  }
  throw new Error(`${file} is held by ${ownerOf(file)} for more than ${WAIT_MAX_MS / 60_000} minutes`);
}
