import type { Stack } from '../system/launch-stack.ts';

/** One line of HAProxy's own statistics: a whole service (`server` is FRONTEND) or one replica of it. */
export type BalancerLine = { service: string; server: string; status: string; answers5xx: number; requests: number };

/** What the balancer itself says: who is up, and what it has answered to whom. */
export async function balancerLines(stack: Stack): Promise<BalancerLine[]> {
  const response = await fetch(`${stack.describe().balancer_url}/;csv`);
  const [header = '', ...lines] = (await response.text()).replace(/^# /, '').trim().split('\n');
  const columns = header.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    const of = (column: string): string => values[columns.indexOf(column)] ?? '';
    return {
      service: of('pxname'),
      server: of('svname'),
      status: of('status'),
      answers5xx: Number(of('hrsp_5xx')),
      requests: Number(of('hrsp_2xx')) + Number(of('hrsp_4xx')) + Number(of('hrsp_5xx')),
    };
  });
}

export async function isUpAtBalancer(stack: Stack, server: string): Promise<boolean> {
  return (await balancerLines(stack)).some((line) => line.server === server && line.status === 'UP');
}
