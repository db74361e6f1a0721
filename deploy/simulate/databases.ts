import type { ServiceName } from '#libs/contracts';
import { memoryLeases } from '#libs/db';
import { type MessageSource, memoryMessages } from '#libs/messaging';
import { memoryPaymentsTx } from '../../services/payments/src/payments-tx.ts';
import { memoryReconcilerTx } from '../../services/reconciler/src/reconciler-store.memory.ts';
import { memoryLedger } from '../../services/wallet/src/ledger/ledger-store.memory.ts';
import { memoryWebhooksTx } from '../../services/webhooks/src/delivery-store.memory.ts';
import type { Chance } from './chance.ts';
import { simDatabase, simOutbox } from './database.ts';
import type { Faults } from './faults.ts';
import type { Host } from './host.ts';
import type { Scheduler } from './scheduler.ts';

export interface World {
  host: Host;
  chance: Chance;
  scheduler: Scheduler;
  faults: Faults;
  happened: (what: string) => void;
}

/** The four databases, which outlive every process. */
export function openDatabases(world: World) {
  const { host, chance, happened } = world;
  const source = (name: ServiceName): MessageSource => ({
    source: name,
    newUuid: chance.newUuid,
    now: () => new Date(host.nowMs()),
  });
  /** Each handler's claim goes through here, so a claim that fails is a duplicate that was dropped. */
  const counted = <Port extends { claimMessage(id: string): Promise<boolean> }>(port: Port): Port => ({
    ...port,
    claimMessage: async (id: string) => {
      const isFirst = await port.claimMessage(id);
      if (!isFirst) happened('duplicate dropped');
      return isFirst;
    },
  });
  const payments = simDatabase('payments', world, (memory) => counted(memoryPaymentsTx(memory, source('payments'))));
  const wallet = simDatabase('wallet', world, (memory) => {
    const { tx, books } = memoryLedger(memory);
    return { ...counted({ ...tx, ...memoryMessages(memory, source('wallet')) }), books };
  });
  const webhooks = simDatabase('webhooks', world, (memory) => counted(memoryWebhooksTx(memory, source('webhooks'))));
  const reconciler = simDatabase('reconciler', world, (memory) =>
    counted(memoryReconcilerTx(memory, source('reconciler'))),
  );
  const outboxes = {
    payments: simOutbox(payments.port, host),
    wallet: simOutbox(wallet.port, host),
    webhooks: simOutbox(webhooks.port, host),
    reconciler: simOutbox(reconciler.port, host),
  };
  return { payments, wallet, webhooks, reconciler, outboxes, leases: memoryLeases(() => new Date(host.nowMs())) };
}
export type Databases = ReturnType<typeof openDatabases>;
