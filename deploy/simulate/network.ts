import { ExchangeFailed, type HttpResponse, type Wire } from '#libs/http';
import type { Faults } from './faults.ts';
import type { Process, Scheduler } from './scheduler.ts';

type Asked = Parameters<Wire['exchange']>[0];

/** What answers requests: a service that may die over them, or Revio, which may be anything. */
export type Callee = (request: Asked, heard: (answer: HttpResponse | 'broken') => void) => void;

const executionLosses = 15;

/** Connections from one process to one callee, on which everything can be lost, before and after it had its effect. */
export function createWire(deps: {
  scheduler: Scheduler;
  faults: Faults;
  process: Process;
  peer: string;
  callee: Callee;
  /** Told of each answer that arrives. */
  heard: (request: Asked) => void;
}): Wire {
  const { scheduler, faults, process, peer, callee, heard } = deps;
  const once = async (request: Asked, timeoutMs: number): Promise<HttpResponse> => {
    const what = `${request.method} ${request.path} to ${peer}`;
    await scheduler.step(process, what);
    if (faults.down.has(peer) || faults.strikes(`${peer} refuses connections`, 3)) throw failed('network', false);
    const isLost = faults.strikes(`the request is lost on the way to ${peer}`, 3);
    const answered = new Promise<HttpResponse | 'broken' | 'late'>((resolve) => {
      if (!isLost) callee(request, resolve);
      setTimeout(() => resolve('late'), timeoutMs);
    });
    const answer = await answered;
    await scheduler.step(process, `hears of ${what}`);
    if (answer === 'late') throw failed('timeout', true);
    if (answer === 'broken') throw failed('network', true);
    // The one call that moves money: what becomes of it unheard is what this is all about.
    const losses = request.path.startsWith('/po/') ? executionLosses : 4;
    if (faults.strikes(`the answer of ${peer} is lost`, losses)) throw failed('timeout', true);
    if (answer.status < 500) heard(request);
    return answer;
  };
  return {
    exchange:
      (request, { timeoutMs }) =>
      () =>
        once(request, timeoutMs),
    close: async () => {},
  };
}

const failed = (kind: 'timeout' | 'network', sent: boolean) => new ExchangeFailed(kind, sent, false, new Error(kind));
