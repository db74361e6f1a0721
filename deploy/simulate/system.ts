import type { HttpResponse } from '#libs/http';
import { answerHold, answerRead } from './answers.ts';
import { createBroker, deadQueueOf, queueOf, type SimBroker } from './broker.ts';
import type { Chance } from './chance.ts';
import { openDatabases } from './databases.ts';
import type { Faults } from './faults.ts';
import type { Host } from './host.ts';
import { type Callee, createWire } from './network.ts';
import { bootReplica, type Replica } from './replica.ts';
import { type SimRevio, simRevio } from './revio.ts';
import type { Rules } from './rules.ts';
import type { Process, Scheduler } from './scheduler.ts';
import {
  type Simulated,
  simulatedServices,
  wirePayments,
  wireReconciler,
  wireWallet,
  wireWebhooks,
} from './services.ts';

/** How far the clocks of two machines may be apart (CLOCK_SKEW_MAX_MS is a minute). */
const skewsMs = [0, 0, -25_000, 25_000];
const replicasEach = 2;

/** Four services with two processes each, over one broker and one Revio. */
export type System = ReturnType<typeof createSystem>;

export function createSystem(world: {
  host: Host;
  chance: Chance;
  scheduler: Scheduler;
  faults: Faults;
  happened: (what: string) => void;
  unsentPercent: number;
  rules: Rules;
}) {
  const { host, chance, scheduler, faults, happened } = world;
  const databases = openDatabases(world);
  const revio: SimRevio = simRevio(world);
  const broker: SimBroker = createBroker({ ...world, services: simulatedServices });
  const payments: Placed<ReturnType<typeof wirePayments>>[] = [];
  const wallet: Placed<ReturnType<typeof wireWallet>>[] = [];
  const webhooks: Placed<ReturnType<typeof wireWebhooks>>[] = [];
  const reconciler: Placed<ReturnType<typeof wireReconciler>>[] = [];
  const places = { payments, wallet, webhooks, reconciler };

  interface Placed<Service> {
    replica: Replica;
    service: Service;
  }
  /** A balancer sends no request to a dead or paused process for long; to which of the others is chance. */
  const anyOf = <Service>(placed: readonly Placed<Service>[]): Placed<Service> | undefined => {
    const up = placed.filter(({ replica }) => !replica.process.paused);
    return up.length === 0 ? undefined : chance.pick(up);
  };
  const serve =
    <Service>(
      placed: readonly Placed<Service>[],
      work: (service: Service, body: string) => Promise<HttpResponse>,
    ): Callee =>
    (request, heard) => {
      const one = anyOf(placed);
      if (one === undefined) return heard('broken');
      scheduler.spawn(one.replica.process, () => work(one.service, request.body ?? ''), {
        done: heard,
        failed: () => heard({ status: 500, headers: {}, body: '{"code":"internal"}' }),
        lost: () => heard('broken'),
      });
    };
  const callees: Record<'Revio' | Simulated, Callee> = {
    Revio: revio.callee,
    wallet: serve(wallet, ({ deps }, body) => answerHold(deps, body)),
    payments: serve(payments, ({ deps }, body) => answerRead(deps, body)),
    webhooks: (_, heard) => heard('broken'),
    reconciler: (_, heard) => heard('broken'),
  };

  function boot(service: Simulated, n: number): void {
    const process: Process = { name: `${service} ${n + 1}`, alive: true, paused: false };
    const skewMs = chance.pick(skewsMs);
    const clock = { now: () => new Date(host.nowMs() + skewMs), monotonicMs: host.nowMs };
    const wireTo = (peer: 'Revio' | Simulated) =>
      createWire({ scheduler, faults, process, peer, callee: callees[peer], heard: revio.heard });
    const life = { ...world, databases, process, clock, wireTo };
    const wire = { payments: wirePayments, wallet: wireWallet, webhooks: wireWebhooks, reconciler: wireReconciler };
    const wired = wire[service](life);
    const replica = bootReplica({
      service,
      process,
      scheduler,
      broker,
      wired: wired.wired,
      isPoisoned: faults.isPoisoned,
    });
    (places[service] as Placed<unknown>[])[n] = { replica, service: wired };
  }
  for (const service of simulatedServices) for (let n = 0; n < replicasEach; n++) boot(service, n);
  const allReplicas = (): Replica[] => simulatedServices.flatMap((name) => places[name].map(({ replica }) => replica));
  let running = allReplicas();
  const replicas = (): readonly Replica[] => running;

  return {
    databases,
    revio,
    rules: world.rules,
    broker,
    replicas,
    /** One of each service. */
    oneOfEach: (): Replica[] =>
      simulatedServices.flatMap((name) => anyOf(places[name] as Placed<unknown>[])?.replica ?? []),
    payments: () => anyOf(payments),
    wallet: () => anyOf(wallet),
    reconciler: () => anyOf(reconciler),
    webhooks: () => anyOf(webhooks),
    /** kill -9, and its supervisor starts it anew. */
    crash: (replica: Replica): void => {
      const n = places[replica.service as Simulated].findIndex((placed) => placed.replica === replica);
      happened('crash');
      scheduler.crash(replica.process);
      broker.crash(replica.process);
      boot(replica.service as Simulated, n);
      running = allReplicas();
    },
    /** Queues that have something for somebody who would take it. */
    deliverable: (): { replica: Replica; queue: string; length: number }[] => {
      const found: { replica: Replica; queue: string; length: number }[] = [];
      for (const replica of running) {
        const queue = queueOf(replica.service);
        const { length } = broker.queue(queue);
        if (length > 0 && !replica.process.paused && replica.wantsMessage()) found.push({ replica, queue, length });
      }
      return found;
    },
    /** An operator replays what has died: back into its queue, under its own id, with all its tries. */
    replayDeadLetters: (): number => {
      let replayed = 0;
      for (const service of simulatedServices) {
        const dead = broker.queue(deadQueueOf(service));
        for (const message of dead.splice(0)) {
          broker.queue(queueOf(service)).push({
            ...message,
            properties: { ...message.properties, headers: { 'x-attempt': 1 } },
          });
          replayed += 1;
        }
      }
      return replayed;
    },
    /** Messages anywhere between a commit and its handling. */
    onTheirWay: (): number =>
      simulatedServices.reduce(
        (sum, name) =>
          sum +
          databases.outboxes[name].unpublished() +
          broker.queue(queueOf(name)).length +
          broker.queue(deadQueueOf(name)).length,
        broker.delayed(),
      ),
  };
}
