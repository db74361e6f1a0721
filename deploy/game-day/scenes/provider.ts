import { setTimeout as sleep } from 'node:timers/promises';
import { wanted } from '../people.ts';
import type { Scene } from '../play.ts';
import { repeat, until, type World } from '../world.ts';

/** Of the simulator's faults: from now on, until they are cleared. */
const fault = async ({ sim }: World, route: string, kind: string, more: object = {}): Promise<void> =>
  sim('POST', 'faults', { route, kind, count: 'all', ...more });
const clearFaults = ({ sim }: World) => sim('POST', 'faults/clear');

async function times(n: number, act: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < n; done += 1) await act();
}

const serverErrors: Scene = {
  alerts: {
    RevioUnavailable: 'Revio answers 500',
    ProviderReadsFail: 'the same, to reads of pending deposits',
  },
  where: { RevioUnavailable: { service: 'payments' } },
  make: async (world) => {
    await fault(world, '*', '500');
    await times(12, () => world.user.deposit('14.00'));
    return () => clearFaults(world);
  },
};

const tooMany: Scene = {
  alerts: {
    RevioRateLimited: 'Revio answers 429',
    WorkerPaused: 'the same to a payout, with Retry-After of 20 s',
  },
  where: { WorkerPaused: { step: 'submit_payout' } },
  make: async (world) => {
    await fault(world, 'POST /purchases/', '429', { seconds: 0 });
    await fault(world, 'POST /payouts/', '429', { seconds: 20 });
    wanted(202, await world.user.withdraw('3.00'));
    await times(30, () => world.user.deposit('15.00'));
    return () => clearFaults(world);
  },
};

const garbage: Scene = {
  alerts: { RevioAnswersUnusable: 'Revio answers with a web page' },
  make: async (world) => {
    await fault(world, 'POST /purchases/', 'garbage');
    await times(6, () => world.user.deposit('16.00'));
    return () => clearFaults(world);
  },
};

const refusedAndSkewed: Scene = {
  alerts: {
    RevioRefusesUs: 'Revio answers 401',
    RevioClockSkew: 'Revio’s Date two minutes ahead',
  },
  make: async ({ revio, user }) => {
    revio.shiftDateBy(120);
    revio.refuseOurKey(true);
    await times(2, () => user.deposit('17.00'));
    return async () => {
      revio.shiftDateBy(0);
      revio.refuseOurKey(false);
    };
  },
};

const slow: Scene = {
  alerts: { RevioSlow: 'Revio answers reads after six seconds' },
  make: async (world) => {
    await fault(world, 'GET /purchases/{id}/', 'hang', { ms: 6_000 });
    return () => clearFaults(world);
  },
};

const lostAnswers: Scene = {
  alerts: { PayoutExecutionsUnsure: 'the connection cut after Revio executed, eight times' },
  make: async (world) => {
    await world.sim('POST', 'faults', { route: 'POST /po/{id}/bank/', kind: 'effect_then_drop', count: 8 });
    await times(8, () => world.user.withdraw('2.00'));
    return async () => {};
  },
};

const steps: Scene = {
  alerts: {
    WorkerStepsFail: 'payments may not write payouts: a right taken from its role',
    WorkerStepPutDown: 'a withdrawal’s amount changed in the database after its hold',
  },
  where: { WorkerStepsFail: { step: 'submit_payout' }, WorkerStepPutDown: { step: 'place_hold' } },
  make: async (world) => {
    const held = wanted(202, await world.user.withdraw('1100.00')).body.id;
    await world.sql(
      'payments',
      `UPDATE transactions SET amount_minor = amount_minor + 1, next_step = 'place_hold', leased_until = now() WHERE id = $1`,
      [held],
    );
    await world.sql('payments', 'REVOKE INSERT ON payouts FROM payments_service');
    await times(8, () => world.user.withdraw('1.00'));
    return async () => {
      await world.sql('payments', 'GRANT INSERT ON payouts TO payments_service');
      await world.sql('payments', 'UPDATE transactions SET amount_minor = amount_minor - 1 WHERE id = $1', [held]);
      wanted(202, await world.admins[1].ask('POST', `/admin/withdrawals/${held}/reject`, { note: 'a rehearsal' }));
    };
  },
};

const forged: Scene = {
  alerts: {
    WebhookSignatureFailures: 'deliveries signed with a stranger’s key',
    WebhookKeysUnreachable: 'the same, and Revio answers 500 to the question for its keys',
  },
  make: async (world) => {
    await fault(world, 'GET /public_key/', '500');
    const forging = repeat(100, () => world.sim('POST', 'send-webhook', { body: { type: 'forged' }, key: 'stranger' }));
    return async () => {
      await forging();
      await clearFaults(world);
    };
  },
};

/** What is read at the start tells how old the last webhook is; deposits complete all the same, by our own reads. */
const silent: Scene = {
  alerts: {
    WebhooksSilent: 'Revio’s deliveries held back, the last one made seven hours old, and webhooks started anew',
  },
  make: async (world) => {
    await world.sim('POST', 'settled');
    await world.sim('POST', 'pause-deliveries');
    const old = "UPDATE webhook_logs SET received_at = received_at - interval '7 hours'";
    await world.sql('webhooks', old);
    await restart(world);
    await world.payIn('6.00');
    return () => world.sim('POST', 'resume-deliveries');
  },
};

async function restart(world: World): Promise<void> {
  const pid = () => world.stack().services.webhooks.pid;
  const before = pid();
  world.signal('webhooks', 'SIGKILL');
  await until('webhooks is up again', () => pid() !== before, 90_000);
  await sleep(1_000);
}

export const providerScenes: readonly Scene[] = [
  forged,
  serverErrors,
  tooMany,
  garbage,
  refusedAndSkewed,
  slow,
  lostAnswers,
  steps,
  silent,
];
