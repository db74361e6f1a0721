import { fork } from 'node:child_process';
import { createPrivateKey, randomUUID } from 'node:crypto';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Client } from 'undici';
import { newUuid } from '#libs/runtime';
import { accessTokens } from '../../services/gateway/src/identity/access-token.ts';
import { quantile } from './load.ts';
import { end, ready, startOneService } from './one-service.ts';
import type { PrivateServers } from './private-servers.ts';

/** Pairs of a request through the hop and one past it: what else the machine does meets both. */
const pairsPerRun = 1_000;
/** Until then code is compiled, and prepared statements are prepared. */
const warmingUp = 200;
const hourS = 3_600;
/** Everything that a request passes is there, the limit too; it only lets all of it through. */
const unlimited = '1000000';

/**
 * B7: milliseconds that a deposit's request takes longer by the gateway than straight to the service behind it (which does nothing here), at
 * half; and by the least that a hop can be: node:http, which asks with undici. One request at a time: what a hop adds, not how it queues.
 * Not a withdrawal's: those are counted in the database, one by one, and that statement is no part of a hop.
 */
export async function gatewayHop(servers: PrivateServers, root: string) {
  const stub = fork(path.join(root, 'dist/deploy/bench/upstream-stub.js'));
  const stubUrl = await ready(stub);
  const bare = fork(path.join(root, 'dist/deploy/bench/bare-hop.js'), [stubUrl]);
  const env = { RATE_LIMIT_GENERAL: unlimited };
  const others = Number(new URL(stubUrl).port);
  const gateway = await startOneService(servers, { service: 'gateway', name: 'hop', others, env, root });
  const [past, byBare, byGateway] = [stubUrl, await ready(bare), gateway.url].map((url) => new Client(url));
  const token = tokenOf(servers);

  async function ask(client: Client | undefined): Promise<number> {
    const startedAt = performance.now();
    const answer = await client?.request({
      method: 'POST',
      path: '/api/v1/deposits',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ amount: '150.00', currency: 'ZAR' }),
    });
    const text = await answer?.body.text();
    if (answer?.statusCode !== 202) throw new Error(`a deposit was answered ${answer?.statusCode} ${text}`);
    return performance.now() - startedAt;
  }

  async function added(hop: Client | undefined): Promise<number> {
    const [through, straight]: [number[], number[]] = [[], []];
    for (let n = 0; n < warmingUp + pairsPerRun; n++) {
      const pair = [await ask(hop), await ask(past)] as const;
      if (n < warmingUp) continue;
      through.push(pair[0]);
      straight.push(pair[1]);
    }
    return quantile(through, 0.5) - quantile(straight, 0.5);
  }

  return {
    ours: () => added(byGateway),
    baseline: () => added(byBare),
    close: async () => {
      await Promise.all([past, byBare, byGateway].map((client) => client?.close()));
      await Promise.all([gateway.stop(), end(bare), end(stub)]);
    },
  };
}

/** Of a user whom nobody has registered: no service but the stub is asked about anything of theirs. */
function tokenOf({ secrets }: PrivateServers): string {
  const { issue } = accessTokens({
    signingKey: createPrivateKey(secrets.jwtPrivateKey),
    issuer: 'piggybank',
    audience: 'piggybank-api',
    ttlS: hourS,
    newUuid,
    now: () => new Date(),
  });
  return issue({ id: newUuid(), email: 'user@example.com', role: 'user' }, newUuid()).token;
}
