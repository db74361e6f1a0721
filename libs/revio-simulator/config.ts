import { z } from 'zod';
import type { RevioSimulatorOptions } from './simulator.ts';

const milliseconds = z.coerce.number().int().min(0);

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  REVIO_API_KEY: z.string().min(1),
  REVIO_BRAND_ID: z.string().min(1),
  WEBHOOK_URL: z.url().optional(),
  PUBLIC_URL: z.url().optional(),
  EXECUTE_WINDOW_MS: milliseconds.optional(),
  PAYOUT_SETTLE_MS: z.union([z.literal('never'), milliseconds]).default(2000),
  WEBHOOK_TIMEOUT_MS: milliseconds.optional(),
  STATE_FILE: z.string().min(1).optional(),
});

/** Options from the environment; throws with all that is wrong with it at once. An empty variable counts as not set. */
export function readConfig(): RevioSimulatorOptions {
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (!result.success) throw new Error(`The simulator's environment is wrong.\n${z.prettifyError(result.error)}`);
  const env = result.data;
  return {
    host: env.HOST,
    port: env.PORT,
    apiKey: env.REVIO_API_KEY,
    brandId: env.REVIO_BRAND_ID,
    payoutSettleMs: env.PAYOUT_SETTLE_MS,
    ...(env.WEBHOOK_URL === undefined ? {} : { webhookUrl: env.WEBHOOK_URL }),
    ...(env.PUBLIC_URL === undefined ? {} : { publicUrl: env.PUBLIC_URL.replace(/\/$/, '') }),
    ...(env.EXECUTE_WINDOW_MS === undefined ? {} : { executeWindowMs: env.EXECUTE_WINDOW_MS }),
    ...(env.WEBHOOK_TIMEOUT_MS === undefined ? {} : { webhookTimeoutMs: env.WEBHOOK_TIMEOUT_MS }),
    ...(env.STATE_FILE === undefined ? {} : { stateFile: env.STATE_FILE }),
  };
}
