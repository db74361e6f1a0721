import { setTimeout as sleep } from 'node:timers/promises';
import type { Books } from '../../deploy/audit/books.ts';
import { diceOf } from '../scenarios/dice.ts';
import type { Client } from '../system/client.ts';
import type { ChaosStack } from './chaos-stack.ts';
import type { Request } from './history.ts';
import { isUndescribed, newRecord } from './record.ts';
import { userSteps } from './user-steps.ts';

/** Some ten requests a second: all of them are looked at again and again by the oracle, on a machine that runs everything else as well. */
const BETWEEN_MAX_MS = 400;
/** More than an hour of that; then the users rest. */
const REQUESTS_MAX = 20_000;

export interface Load {
  requests: Request[];
  /** What no client may see: an answer that is not as described, a balance below zero, an end that changes. */
  surprises: string[];
  reads: () => number;
  /** Ends the load; what is under way ends first. */
  stop(): Promise<void>;
  /** The payers of deposits that are still open come back; what nobody was shown the page of expires. */
  endWhatIsLeft(books: Books): Promise<void>;
}

/** Each user deposits, pays, withdraws, cancels, repeats and looks, as the seed's dice say, until told to stop. */
export function startLoad(stack: ChaosStack, users: readonly Client[], seed: number): Load {
  const record = newRecord();
  const { step, pay, unpaid, reads } = userSteps(stack, record);
  let stopping = false;
  const running = users.map(async (user, n) => {
    const dice = diceOf(seed * 1_000 + n);
    for (; !stopping && record.requests.length < REQUESTS_MAX; await sleep(dice.number(BETWEEN_MAX_MS))) {
      await step(user, dice).catch((error: Error) => {
        // What cannot be read at the moment is read later.
        if (isUndescribed(error)) record.surprise(error.message);
      });
    }
  });
  return {
    requests: record.requests,
    surprises: record.surprises,
    reads,
    stop: async () => {
      stopping = true;
      await Promise.all(running);
    },
    endWhatIsLeft: async ({ operations }) => {
      for (const [id, user] of unpaid) await pay(user, id).catch(impossible);
      for (const { op_id: reference, kind, terminal } of operations)
        if (kind === 'deposit' && !terminal) await stack.sim('POST', 'expire', { reference }).catch(impossible);
    },
  };
}

/** There is no page to pay at, or it was paid. */
const impossible = () => undefined;
