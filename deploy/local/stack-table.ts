import type { StackFile } from './stack-file.ts';

/** What `npm start` prints when all is up: where everything is, and three commands that work when pasted. */
export function stackTable(
  stack: StackFile,
  files: { stackFile: string; headersFile: string },
  elapsedMs: number,
): string {
  const { stackFile, headersFile } = files;
  const rows = [
    ...Object.entries(stack.services).flatMap(([name, { url, ops_url, replicas }]) => [
      [replicas.length === 1 ? name : `${name} × ${replicas.length}`, url, `${ops_url}/readyz`],
      ...replicas.slice(1).map((other) => ['', '', `${other.ops_url}/readyz`]),
    ]),
    ['Revio simulator', stack.simulator.url, `${stack.simulator.url}/_sim/truth`],
    ['PostgreSQL', withoutPassword(stack.postgres_url)],
    ...(stack.balancer_url === null ? [] : [['HAProxy', stack.balancer_url]]),
    ['RabbitMQ', withoutPassword(stack.amqp_url), withoutPassword(stack.rabbitmq_management_url ?? '')],
  ];
  return [
    '',
    `Piggybank is up after ${(elapsedMs / 1000).toFixed(1)} s. Ctrl-C stops it.`,
    '',
    ...rows.map(([name = '', url = '', more = '']) => `  ${name.padEnd(16)} ${url.padEnd(46)} ${more}`.trimEnd()),
    `  API, to try out  ${stack.gateway_url}/docs`,
    `  passwords, keys  ${stackFile}`,
    '',
    `  demo user        ${stack.demo.email}, password ${stack.demo.password}`,
    `  demo token       ${stack.demo.access_token}`,
    '',
    ...examples(stack, headersFile),
    '',
  ].join('\n');
}

function examples({ gateway_url, demo }: StackFile, headersFile: string): string[] {
  const curl = `curl -s -H '@${headersFile}'`;
  const post = `${curl} -H "Idempotency-Key: $(date +%s%N)"`;
  const withdrawal = JSON.stringify({ amount: '60.00', currency: 'ZAR', bank_account_id: demo.bank_account_id });
  return [
    '# Deposit 150.00 (then open the checkout_url and pay with 4444 3333 2222 1111, any future expiry, CVC 123)',
    `${post} -d '{"amount":"150.00","currency":"ZAR"}' ${gateway_url}/api/v1/deposits; echo`,
    '# Balance',
    `${curl} ${gateway_url}/api/v1/wallets/ZAR; echo`,
    '# Withdraw 60.00 to the demo bank account',
    `${post} -d '${withdrawal}' ${gateway_url}/api/v1/withdrawals; echo`,
  ];
}

function withoutPassword(url: string): string {
  return url.replace(/:[^:@/]+@/, '@');
}
