import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { Pool } from 'undici';
import { newId } from '#libs/runtime';
import { closedLoop } from './load.ts';
import { startOneService } from './one-service.ts';
import type { PrivateServers } from './private-servers.ts';

/** A second or two of work: long enough for a few hundred group commits. */
const deliveriesPerRun = 2_000;
const inFlight = 32;

/**
 * B4: deliveries per second that are answered 200, each of them another event, logged and on its way to RabbitMQ; by the service as it is,
 * and by one that takes every signature for right. What is measured is the price of the verification, not of its absence of mistakes.
 */
export async function webhookIntake(servers: PrivateServers, root: string) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const revioPublicKeys = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const signed = promisify(sign);
  const sample = JSON.parse(
    fs.readFileSync(path.join(root, 'libs/revio/samples/05-webhook-purchase.paid-after-failure.json'), 'utf8'),
  );
  const delivery = async () => {
    const body = JSON.stringify({ ...sample, id: randomUUID(), reference: newId('dep') });
    const signature = await signed('RSA-SHA256', Buffer.from(body), privateKey);
    return { body, headers: { 'content-type': 'application/json', 'x-signature': signature.toString('base64') } };
  };

  async function intake(name: string, env: NodeJS.ProcessEnv) {
    const service = await startOneService(servers, { service: 'webhooks', name, revioPublicKeys, env, root });
    const pool = new Pool(service.url, { connections: inFlight });
    let posted = 0;
    return {
      run: async (): Promise<number> => {
        const deliveries = await Promise.all(Array.from({ length: deliveriesPerRun }, delivery));
        const seconds = await closedLoop(deliveriesPerRun, inFlight, async (n) => {
          const sent = { path: '/webhooks/revio', method: 'POST', ...deliveries[n] } as const;
          const { statusCode, body } = await pool.request(sent);
          const text = await body.text();
          if (statusCode !== 200 || !text.includes('accepted'))
            throw new Error(`a delivery was answered ${statusCode} ${text}`);
        });
        posted += deliveriesPerRun;
        await requireLogged(service.adminUrl, posted);
        return deliveriesPerRun / seconds;
      },
      close: async () => {
        await pool.close();
        await service.stop();
      },
    };
  }

  const ours = await intake('intake', {});
  const skip = path.join(root, 'dist/deploy/bench/without-verification.js');
  const baseline = await intake('unverified', { NODE_OPTIONS: `--import=${skip}` });
  return {
    ours: ours.run,
    baseline: baseline.run,
    close: async () => void (await Promise.all([ours.close(), baseline.close()])),
  };
}

/** What was answered 200 is there, and its message is in the outbox or beyond. */
async function requireLogged(adminUrl: string, posted: number): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM webhook_logs WHERE state = 'received') AS logged, (SELECT count(*)::int FROM outbox) AS told`,
  );
  await client.end();
  const { logged, told } = rows[0];
  if (logged !== posted || told !== posted)
    throw new Error(`VOID: ${posted} answered 200, ${logged} logged, ${told} told`);
}
