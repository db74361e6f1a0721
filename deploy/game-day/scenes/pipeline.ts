import { connect } from 'amqplib';
import { wanted } from '../people.ts';
import type { Scene } from '../play.ts';
import { repeat, type World } from '../world.ts';

/** More than QueueBacklog allows. */
const COPIES = 1_200;
const EVERY_MS = 500;

/** A message that the webhooks service told once, told again under a new id as if ten minutes ago; the delivery in it is known. */
const tellAgain = ({ sql }: World) =>
  repeat(EVERY_MS, () =>
    sql(
      'webhooks',
      `INSERT INTO outbox (message_id, type, envelope)
       SELECT id, type, envelope || jsonb_build_object('id', id,
         'time', to_char(now() AT TIME ZONE 'UTC' - interval '10 minutes', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
       FROM (SELECT gen_random_uuid() AS id, type, envelope FROM outbox
         WHERE type = 'webhooks.revio-event-received.v1' ORDER BY outbox.id LIMIT 1) told`,
    ),
  );

const late: Scene = {
  alerts: {
    MessagesLate: 'events told ten minutes ago, by their own time',
    WebhooksProcessedLate: 'the same: they are webhooks',
  },
  where: { MessagesLate: { service: 'reconciler' } },
  make: async (world) => tellAgain(world),
};

const inboxDenied: Scene = {
  alerts: {
    MessagesRetried: 'the reconciler may not write its inbox: a right taken from its role',
    DeadLetters: 'the same, after the last try',
  },
  where: { MessagesRetried: { service: 'reconciler' }, DeadLetters: { queue: 'reconciler' } },
  make: async (world) => {
    await world.sql('reconciler', 'REVOKE INSERT ON inbox FROM reconciler_service');
    const stop = tellAgain(world);
    return async () => {
      await stop();
      await world.sql('reconciler', 'GRANT INSERT ON inbox TO reconciler_service');
      // Those that are on their way to the dead letter queue come after the first round.
      const replay = { queue: 'reconciler', dry_run: false };
      const rounds = repeat(2_000, () => world.admins[0].ask('POST', '/admin/dead-letter-replays', replay));
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      await rounds();
    };
  },
};

const unbound: Scene = {
  alerts: { MessagesReturned: 'a binding removed from the broker' },
  where: { MessagesReturned: { service: 'payments' } },
  make: async (world) => {
    const [queue, exchange, key] = ['reconciler', 'piggybank.events', 'payments.deposit-requested.v1'] as const;
    await onChannel(world, (channel) => channel.unbindQueue(queue, exchange, key));
    wanted(201, await world.user.deposit('11.00'));
    return () => onChannel(world, (channel) => channel.bindQueue(queue, exchange, key));
  },
};

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>;

async function onChannel(world: World, act: (channel: Channel) => unknown): Promise<void> {
  const connection = await connect(world.stack().amqp_url);
  const channel = await connection.createConfirmChannel();
  await act(channel);
  await channel.waitForConfirms();
  await connection.close();
}

/** Payments stands still: its process has a connection to everything and answers nothing. */
const standstill: Scene = {
  alerts: {
    ServiceDown: 'SIGSTOP to payments',
    ReplicaDown: 'the same',
    OpenTransactionsUnknown: 'the same: it says nothing of its transactions',
    OutboxUnknown: 'the same: nor of its outbox',
    QueueWithoutConsumer: 'the same: RabbitMQ has given its connection up',
    QueueBacklog: 'the same, and 1200 copies of one message in its queue',
    ErrorBudgetBurnFast: 'the same: the gateway answers 503',
    ErrorBudgetBurnMedium: 'the same',
    ErrorBudgetBurnSlow: 'the same',
  },
  where: {
    ServiceDown: { service: 'payments' },
    ReplicaDown: { service: 'payments' },
    OutboxUnknown: { service: 'payments' },
    QueueWithoutConsumer: { queue: 'payments' },
    QueueBacklog: { queue: 'payments' },
    ErrorBudgetBurnFast: { slo: 'api_availability' },
    ErrorBudgetBurnMedium: { slo: 'api_availability' },
    ErrorBudgetBurnSlow: { slo: 'api_availability' },
  },
  make: async (world) => {
    world.signal('payments', 'SIGSTOP');
    const asking = [1, 2, 3, 4].map(() => repeat(EVERY_MS, () => world.user.ask('GET', '/transactions')));
    await copyInto(world, 'payments');
    return async () => {
      world.signal('payments', 'SIGCONT');
      await Promise.all(asking.map((stop) => stop()));
    };
  },
};

/** One that it has handled, so that each copy is a duplicate. */
async function copyInto(world: World, queue: string): Promise<void> {
  const [told] = await world.sql<{ message_id: string; type: string; envelope: object }>(
    'wallet',
    `SELECT message_id, type, envelope FROM outbox WHERE type = 'wallet.deposit-credited.v1' ORDER BY id LIMIT 1`,
  );
  if (told === undefined) throw new Error('nothing was told yet');
  const content = Buffer.from(JSON.stringify(told.envelope));
  await onChannel(world, (channel) => {
    for (let n = 0; n < COPIES; n += 1)
      channel.publish('', queue, content, { persistent: true, messageId: told.message_id, type: told.type });
  });
}

const brokerStopped: Scene = {
  alerts: {
    RabbitMqDown: 'the broker stopped',
    BrokerUnreachable: 'the same',
    OutboxStuck: 'the same, and a message in the outbox made two minutes old',
    DeadLettersUnknown: 'the same: nobody empties the dead letter queues',
  },
  where: { OutboxStuck: { service: 'payments' } },
  make: async (world) => {
    await world.stopRabbit();
    wanted(201, await world.user.deposit('13.00'));
    const old = "UPDATE outbox SET created_at = now() - interval '2 minutes' WHERE published_at IS NULL";
    await world.sql('payments', old);
    return () => world.startRabbit();
  },
};

const diskAlarm: Scene = {
  alerts: { RabbitMqAlarm: 'the broker told that its disk is too small' },
  make: async (world) => {
    await world.rabbit().control('set_disk_free_limit', '1000000GB');
    return () => world.rabbit().control('set_disk_free_limit', '50MB');
  },
};

export const pipelineScenes: readonly Scene[] = [late, inboxDenied, unbound, diskAlarm, standstill, brokerStopped];
