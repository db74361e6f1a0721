// Only Node built-ins: this runs before anything is installed, so that `npm start` and `npm test` work on a bare clone.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive, lock, ownToken } from './lock.mjs';

export const root = path.resolve(import.meta.dirname, '../..');
const local = path.join(root, '.local');
const inUse = path.join(local, 'in-use');

/** What package.json names as well: the first Node that runs every dependency. */
const NODE_MIN = [20, 19];

/**
 * Makes the checkout runnable: dependencies, RabbitMQ (beside the install, it saves six seconds), compiled code; HAProxy, if `haproxy` says so and
 * there is one to be had. Two at the same time take turns. Ends the process with a plain message when it cannot.
 */
export async function ensure({ rabbitmq = !process.env.AMQP_URL, haproxy = false } = {}) {
  refuseOldNode();
  fs.mkdirSync(inUse, { recursive: true });
  const release = await lock(path.join(local, 'ensure.lock'), 'installs or builds');
  try {
    const steps = [installModules(), rabbitmq && fetched('rabbitmq'), haproxy && fetched('haproxy').catch(() => {})];
    const failed = (await Promise.allSettled(steps)).find((step) => step.status === 'rejected');
    if (failed) throw failed.reason;
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
    const use = path.join(inUse, ownToken);
    fs.writeFileSync(use, '');
    process.once('exit', () => fs.rmSync(use, { force: true }));
  } catch (error) {
    release();
    console.error(error.message);
    process.exit(1);
  }
  release();
}

const fetched = (server) =>
  run('sh', [`deploy/local/fetch-${server}.sh`, path.join(local, server)], ['ignore', 'ignore', 'inherit']);

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(`Node ${NODE_MIN.join('.')} or newer is needed, this is ${process.version}.`);
  process.exit(1);
}

async function installModules() {
  if (isInstalled()) return;
  refuseWhileInUse();
  refuseLink();
  console.log('Installing the dependencies (once) …');
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

/**
 * npm ends every install by writing what it installed to node_modules/.package-lock.json: the same packages in the same versions as
 * in package-lock.json, less the optional ones of other platforms.
 */
function isInstalled() {
  const hidden = path.join(root, 'node_modules/.package-lock.json');
  if (!fs.existsSync(hidden)) return false;
  const [wanted, installed] = [path.join(root, 'package-lock.json'), hidden].map(
    (file) => JSON.parse(fs.readFileSync(file, 'utf8')).packages,
  );
  return Object.entries(wanted).every(
    ([name, at]) => name === '' || (installed[name] ? installed[name].version === at.version : at.optional === true),
  );
}

/** `npm ci` begins by deleting node_modules: under a running stack or test that would pull the rug away. */
function refuseWhileInUse() {
  for (const token of fs.readdirSync(inUse)) {
    if (isAlive(token)) {
      throw new Error(
        `package-lock.json has changed, but process ${token.split('@')[0]} runs from this checkout: stop it first.`,
      );
    }
    fs.rmSync(path.join(inUse, token), { force: true });
  }
}

/** `npm ci` empties the folder that a link leads to, which is another checkout's, and installs here. */
function refuseLink() {
  const modules = path.join(root, 'node_modules');
  if (fs.lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Error(
      `node_modules is a link to ${fs.readlinkSync(modules)}, which lacks packages: install there, or remove the link.`,
    );
}

function run(command, args, stdio = ['ignore', 'inherit', 'inherit']) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`));
    });
  });
}
