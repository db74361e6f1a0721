import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { envelope } from '#libs/contracts';
import { PLACE_HOLDS } from '../../services/wallet/src/ledger/place-holds-sql.ts';
import { userOf, walletsCount } from './wallet-data.ts';

/** The machine's own pgbench, or Debian's, unpacked into the state folder. */
export const findPgbench = (root: string): string =>
  execFileSync('sh', [path.join(root, 'deploy/bench/fetch-pgbench.sh'), path.join(root, '.local/pgbench')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();

/** A colon would begin a variable of pgbench's, even within quotes. */
const literal = (text: string): string =>
  `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll(':', '\\x3a')}'`;

/** One hold of 1.00 by the statement of the service, for one of the wallets in turn of chance. */
function holdScript(): string {
  const id = userOf(0);
  const claim = { transaction_id: `wd_${'0'.repeat(26)}`, user_id: id, currency: 'ZAR' as const, amount_minor: '100' };
  const message = envelope(
    'wallet',
    'wallet.hold-placed.v1',
    { ...claim, wallet_id: id, posting_id: id },
    { id, time: new Date() },
  );
  const values: readonly string[] = [
    `ARRAY['wd_Z' || upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 25))]`,
    `ARRAY['00000000-0000-4000-8000-' || lpad(:wallet::text, 12, '0')]::uuid[]`,
    `ARRAY['ZAR']::bpchar[]`,
    'ARRAY[100]::bigint[]',
    'ARRAY[NULL]::bigint[]',
    'ARRAY[NULL]::bigint[]',
    'ARRAY[gen_random_uuid()]',
    `ARRAY[replace(gen_random_uuid()::text, '-', '')]`,
    'ARRAY[gen_random_uuid()]',
    `ARRAY[${literal(JSON.stringify(message))}]`,
    `ARRAY['00-' || replace(gen_random_uuid()::text, '-', '') || '-0123456789abcdef-01']`,
    `date_trunc('milliseconds', now())`,
    `(now() AT TIME ZONE 'Africa/Johannesburg')::date`,
  ];
  const statement = PLACE_HOLDS.replaceAll(
    /\$(\d+)(?:::[a-z]+(?:\[\])?)?/g,
    (_, n) => `(${values[Number(n) - 1]})`,
  ).replaceAll(/'[^'\n]*HH24:MI:SS[^'\n]*'/g, (text) => literal(text.slice(1, -1)));
  return `\\set wallet random(0, ${walletsCount - 1})\n${statement.trim()};\n`;
}

/** Holds per second that pgbench gets done with `clients` connections, one SERIALIZABLE transaction each, in one round trip. */
export async function runPgbench(
  { pgbench, folder, serviceUrl }: { pgbench: string; folder: string; serviceUrl: string },
  { clients, seconds }: { clients: number; seconds: number },
): Promise<number> {
  const file = path.join(folder, 'hold.pgbench');
  fs.writeFileSync(file, holdScript());
  const { hostname, port, username, password, pathname } = new URL(serviceUrl);
  const shape = [
    '-n',
    '-M',
    'prepared',
    '-c',
    String(clients),
    '-j',
    '2',
    '-T',
    String(seconds),
    '--max-tries=100',
    '-f',
    file,
  ];
  const child = spawn(pgbench, [...shape, '-h', hostname, '-p', port, '-U', username, pathname.slice(1)], {
    env: {
      PATH: process.env['PATH'],
      PGPASSWORD: decodeURIComponent(password),
      PGOPTIONS: '-c enable_seqscan=off -c default_transaction_isolation=serializable',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = await once(child, 'close');
  const perSecond = Number(/^tps = ([\d.]+)/m.exec(said)?.[1]);
  if (code !== 0 || !(perSecond > 0)) throw new Error(`pgbench ended with ${code}:\n${said.slice(-2_000)}`);
  return perSecond;
}
