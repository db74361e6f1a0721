import { z } from 'zod';
import { count, delays, durationMs, httpUrl, port } from './config.ts';

/** The variables that every service reads; each adds its own: `z.object({ ...baseConfig, WALLET_URL: httpUrl() })`. */
export const baseConfig = {
  /** Production unless told otherwise: forgetting it must never be what loosens a check. */
  NODE_ENV: z.enum(['production', 'development', 'test']).default('production'),
  HOST: z.string().default('127.0.0.1'),
  PORT: port(0),
  /** `/livez`, `/readyz` and `/metrics`; no balancer exposes it. */
  OPS_PORT: port(0),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres URL' }),
  /** 8–16 connections saturate a small PostgreSQL (PERFORMANCE.md); more only wait inside it, where nobody sees them. */
  DB_POOL_MAX: count(10, { max: 200 }),
  AMQP_URL: z.url({ protocol: /^amqps?$/, error: 'must be an amqp URL' }),
  /** Put before the name of every exchange and queue, so that several systems can share a broker. */
  AMQP_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/)
    .default(''),
  /** How often the outbox is looked at when nothing wakes its relay: what other replicas left, what a lost broker held back. */
  RELAY_INTERVAL_MS: durationMs(500),
  /** Messages in hand at once; twice the pool keeps it busy. */
  CONSUMER_PREFETCH: count(20, { max: 1_000 }),
  /** The waits before tries 2, 3 and 4 of a message (W8); after the last it goes to the dead letter queue. */
  MESSAGE_DELAYS_MS: delays([60_000, 300_000, 900_000]),
  /** How long messages are kept after they were sent: so far back `npm run replay` can publish them again. */
  OUTBOX_KEEP_DAYS: count(14, { max: 3_650 }),
  /** How long a service knows what it has handled, so that a copy does nothing: at least twice as long. */
  INBOX_KEEP_DAYS: count(90, { max: 3_650 }),
  /** Where an OpenTelemetry collector takes spans (OTLP over HTTP, without `/v1/traces`). Without it no spans are made. */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl().optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Between "not ready" and the first thing that stops. Behind a balancer: longer than the interval of its probes. */
  DRAIN_DELAY_MS: durationMs(0, { min: 0 }),
};

export type BaseConfig = Readonly<z.output<z.ZodObject<typeof baseConfig>>>;
