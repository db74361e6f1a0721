import { type Plan, type Result, runSchedule } from './run-schedule.ts';

/**
 * The smallest schedule that still breaks a promise, found by leaving out: first the steps after the breach, then every fault that it does without. Steps are not
 * kept the same, only the seed: leaving something out changes what follows, and whatever still breaks will do.
 */
export async function shrink(plan: Plan, found: Result): Promise<Plan> {
  const breaks = async (candidate: Plan): Promise<boolean> => (await runSchedule(candidate)).broken.length > 0;
  let best: Plan = { ...plan, steps: found.at ?? plan.steps };
  if (!(await breaks(best))) best = plan;
  for (let cut = Math.floor(best.steps / 2); cut >= 1; cut = Math.floor(cut / 2)) {
    const shorter = { ...best, steps: best.steps - cut };
    if (shorter.steps > 0 && (await breaks(shorter))) best = shorter;
  }
  for (let fault = 1; fault <= found.faults; fault++) {
    const without = new Set([...best.without, fault]);
    if (!best.without.has(fault) && (await breaks({ ...best, without }))) best = { ...best, without };
  }
  return best;
}
