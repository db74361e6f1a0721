import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit } from '../audit/rules.ts';
import { booksOf, readRunningBooks } from '../audit/running-books.ts';
import { type BenchUser, openClients } from './bench-users.ts';
import { type Costs, costsPerFlow, readCosts } from './costs.ts';
import { closedLoopFor, openLoop, quantile } from './load.ts';
import type { PrivateServers } from './private-servers.ts';
import { hearEnds } from './told-ends.ts';
import { startWholeSystem } from './whole-system.ts';

/** Each has one flow under way at any time, so that it is also how many flows are. */
const usersCount = 32;
const warmingUpS = 3;
const flowsS = 8;
const balanceS = 12;
/** More than all withdrawals of a run together. */
const funds = '100000.00';
/** Whatever is under way when the load ends, and the slowest read that is due then. */
const restMsMax = 30_000;

interface Times {
  p50: number;
  p95: number;
  p99: number;
}

export interface FlowReport {
  flow: 'withdrawals' | 'deposits';
  perSecond: number;
  /** Milliseconds from the request to its answer, and to the message that says `completed`. */
  answered: Times;
  completed: Times;
  costs: Costs;
}

/**
 * B9: whole withdrawals and whole deposits per second, from the gateway to `completed`, with everything on this machine: five services, Revio's
 * simulator, PostgreSQL, RabbitMQ and the load. B10: from the moment that a payer pays to the message that his wallet is credited (his
 * balance shows it a little earlier), at half of the rate that B9 came to, whatever became of those before.
 */
export async function wholeFlows(servers: PrivateServers, root: string) {
  const system = await startWholeSystem(servers, root);
  const clients = await openClients(system.stack, usersCount);
  const ends = await hearEnds(servers.amqpUrl, ['payments.transaction-completed.v1', 'wallet.deposit-credited.v1']);
  const completed = (id: string) => ends.at('payments.transaction-completed.v1', id);
  const userOf = (n: number): BenchUser => {
    const user = clients.users[n % usersCount];
    if (user === undefined) throw new RangeError('nobody is there');
    return user;
  };
  const begin = {
    withdrawals: (n: number) => userOf(n).withdraw('1.00'),
    deposits: (n: number) => userOf(n).deposit('10.00'),
  };

  async function flow(name: FlowReport['flow'], worker: number): Promise<{ answeredMs: number; completedMs: number }> {
    const startedAt = performance.now();
    const id = await begin[name](worker);
    const answeredMs = performance.now() - startedAt;
    if (name === 'deposits') await clients.pay(id);
    return { answeredMs, completedMs: (await completed(id)) - startedAt };
  }

  for (const user of clients.users) {
    const id = await user.deposit(funds);
    await clients.pay(id);
    await completed(id);
  }

  return {
    flows: async (name: FlowReport['flow']): Promise<FlowReport> => {
      await closedLoopFor(warmingUpS, usersCount, (worker) => flow(name, worker));
      const before = await readCosts(servers.postgresUrl, system.pids);
      const { ended, seconds } = await closedLoopFor(flowsS, usersCount, (worker) => flow(name, worker));
      const after = await readCosts(servers.postgresUrl, system.pids);
      return {
        flow: name,
        perSecond: ended.length / seconds,
        answered: timesOf(ended.map(({ answeredMs }) => answeredMs)),
        completed: timesOf(ended.map(({ completedMs }) => completedMs)),
        costs: costsPerFlow(before, after, ended.length),
      };
    },
    balanceVisible: async (perSecond: number): Promise<Times> => {
      const taken: number[] = [];
      await openLoop({ count: Math.ceil(perSecond * balanceS), perSecond }, async (n) => {
        const id = await userOf(n).deposit('10.00');
        const paidAt = performance.now();
        await clients.pay(id);
        taken.push((await ends.at('wallet.deposit-credited.v1', id)) - paidAt);
      });
      return timesOf(taken);
    },
    /** Waits until nothing is under way, then demands every promise of the books; what is broken else. */
    brokenPromises: async (): Promise<string[]> => {
      for (const deadline = Date.now() + restMsMax; ; await sleep(1_000)) {
        const broken = audit(await readRunningBooks(booksOf(system.stack)), { atRest: true });
        if (broken.length === 0 || Date.now() > deadline)
          return broken.map(({ rule, subject, detail }) => `${rule}: ${subject} ${detail}`);
      }
    },
    close: async () => {
      await ends.close();
      await clients.close();
      await system.stop();
    },
  };
}

const timesOf = (values: readonly number[]): Times => ({
  p50: quantile(values, 0.5),
  p95: quantile(values, 0.95),
  p99: quantile(values, 0.99),
});
