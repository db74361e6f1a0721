import type { Transact } from '#libs/db';
import type { Clock } from '#libs/runtime';
import type { Decision, Policy } from './decision.ts';
import type { ReconcilerTx } from './reconciler-store.ts';
import type { ReadPlan } from './schedule.ts';

/** What the operations work with. */
export interface Deps {
  transact: Transact<ReconcilerTx>;
  clock: Pick<Clock, 'now'>;
  newUuid: () => string;
  policy: Policy;
  plan: ReadPlan;
  /** Told of each decision once its transaction has committed. */
  decided?: (decision: Decision) => void;
}
