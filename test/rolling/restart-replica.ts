import { poll } from '#libs/testing';
import type { Service } from '../../deploy/local/databases.ts';
import type { Stack } from '../system/launch-stack.ts';
import { isUpAtBalancer } from './balancer-page.ts';

/** It drains for some seconds and boots in some more; with four others at once on a loaded machine, in many more. */
const backTimeoutMs = 120_000;
const lookEveryMs = 100;

/**
 * As an orchestrator replaces one replica: SIGTERM, and the next step only when its successor is in the rotation again. The launcher
 * starts the successor.
 */
export async function restartReplica(stack: Stack, service: Service, n: number): Promise<void> {
  const pid = () => stack.describe().services[service].replicas[n]?.pid;
  const old = pid();
  if (old === undefined) throw new Error(`${service} has no replica ${n + 1}`);
  process.kill(old, 'SIGTERM');
  const looking = { timeoutMs: backTimeoutMs, intervalMs: lookEveryMs };
  await poll(() => pid() !== undefined && pid() !== old, looking);
  await poll(() => isUpAtBalancer(stack, `${service}-${n + 1}`), looking);
}
