import { generateKeyPairSync, randomBytes } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { type Dispatcher, request } from 'undici';
import { actorOf, requireInternal } from '#libs/auth';
import { createApp, type Listening, listen } from '#libs/http';
import { createLogger, loadConfig } from '#libs/runtime';
import { createMetrics } from '#libs/telemetry';
import { freshDatabase } from '#libs/testing';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';

/** What reached a service. */
interface Arrival {
  method: string;
  url: string;
  headers: Request['headers'];
  body: unknown;
  actor: unknown;
}

/** A service as the gateway sees one: real HTTP, the real guard, and answers of the test's choosing. */
export interface Upstream {
  url: string;
  key: Buffer;
  arrivals: Arrival[];
  answer: (response: Response) => void;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

async function startUpstream(audience: 'wallet' | 'payments' | 'webhooks' | 'reconciler'): Promise<Upstream> {
  const key = randomBytes(32);
  const routes = express.Router();
  routes.use(requireInternal({ audience, keys: [key] }), (arrived, response) => {
    const { method, url, headers, body } = arrived;
    upstream.arrivals.push({ method, url, headers, body, actor: actorOf(arrived) });
    upstream.answer(response);
  });
  const logger = createLogger({ name: audience, level: 'silent' });
  const app = createApp({ logger, metrics: createMetrics(audience), jsonLimitBytes: 65_536, routes });
  let listening: Listening = await listen(app, { host: '127.0.0.1', port: 0 });
  const upstream: Upstream = {
    url: listening.url,
    key,
    arrivals: [],
    answer: (response) => void response.json({}),
    stop: () => listening.stop(),
    restart: async () => {
      listening = await listen(app, { host: '127.0.0.1', port: Number(new URL(upstream.url).port) });
    },
  };
  return upstream;
}

export interface Answer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  json: Record<string, unknown>;
}

/** `more`: of its environment. */
export async function startGateway(more: Record<string, string> = {}) {
  const database = await freshDatabase('gateway');
  const [wallet, payments, webhooks, reconciler] = await Promise.all([
    startUpstream('wallet'),
    startUpstream('payments'),
    startUpstream('webhooks'),
    startUpstream('reconciler'),
  ]);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const environment = {
    NODE_ENV: 'test',
    RATE_LIMITS_ENFORCED: 'false',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    AMQP_URL: 'amqp://127.0.0.1:9', // nothing is there, and nothing is missed
    JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n'),
    WALLET_URL: wallet.url,
    PAYMENTS_URL: payments.url,
    WEBHOOKS_URL: webhooks.url,
    RECONCILER_URL: reconciler.url,
    INTERNAL_KEY_WALLET: wallet.key.toString('base64'),
    INTERNAL_KEY_PAYMENTS: payments.key.toString('base64'),
    INTERNAL_KEY_WEBHOOKS: webhooks.key.toString('base64'),
    INTERNAL_KEY_RECONCILER: reconciler.key.toString('base64'),
    ...more,
  };
  const begin = (other: Record<string, string> = {}) => start(loadConfig(config, { ...environment, ...other }));
  const service = await begin();
  const replicas: Awaited<ReturnType<typeof begin>>[] = [];

  const callOn =
    (service: { url: string }) =>
    async (
      method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS',
      path: string,
      { headers = {}, body }: { headers?: Record<string, string> | string[]; body?: unknown } = {},
    ): Promise<Answer> => {
      const json = body === undefined ? [] : ['content-type', 'application/json'];
      const given = Array.isArray(headers) ? headers : Object.entries(headers).flat();
      const text = typeof body === 'string' || body === undefined ? (body ?? null) : JSON.stringify(body);
      const answer = await request(service.url + path, { method, headers: [...json, ...given], body: text });
      const answered = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, json: JSON.parse(answered || '{}') };
    };
  const call = callOn(service);
  return {
    ...service,
    databaseUrl: database.url,
    ownerUrl: database.ownerUrl,
    /** Another process on the same database, as far as a process of ours can tell. */
    replica: async (other: Record<string, string> = {}) => {
      const replica = await begin(other);
      replicas.push(replica);
      return { ...replica, call: callOn(replica) };
    },
    wallet,
    payments,
    webhooks,
    reconciler,
    call,
    /** A new user's access token. */
    login: async (email: string, password = 'Abcdefg1') => {
      await call('POST', '/api/v1/auth/register', { body: { email, password } });
      const { json } = await call('POST', '/api/v1/auth/login', { body: { email, password } });
      return String(json['access_token']);
    },
    close: async () => {
      await Promise.all([service, ...replicas].map((replica) => replica.stop()));
      await Promise.all([wallet.stop(), payments.stop(), webhooks.stop(), reconciler.stop()]);
      await database.close();
    },
  };
}

export type GatewayStack = Awaited<ReturnType<typeof startGateway>>;
