import { z } from 'zod';
import { httpUrl, loadConfig } from '#libs/runtime';
import type { StackFile } from '../local/stack-file.ts';
import { type Books, type ProviderRow, readBooks } from './books.ts';

/** Where the books of one system are. */
export type BookUrls = {
  /** Of roles that may read the audit views, by service. */
  databases: Record<string, string>;
  /** Answers Revio's own truth as the audit contract's `audit.provider`: the simulator's `/_sim/truth`. The real one has no such thing. */
  providerTruth: string | undefined;
};

/** Of what `npm start` runs. */
export const booksOf = ({ services, simulator }: StackFile): BookUrls => ({
  databases: Object.fromEntries(
    Object.entries(services).map(([name, { admin_database_url }]) => [name, admin_database_url]),
  ),
  providerTruth: `${simulator.url}/_sim/truth`,
});

/** All databases or none: an audit that leaves one out would call the books whole that it has not seen. */
const variables = z.object({
  AUDIT_GATEWAY_URL: z.url(),
  AUDIT_WALLET_URL: z.url(),
  AUDIT_PAYMENTS_URL: z.url(),
  AUDIT_WEBHOOKS_URL: z.url(),
  AUDIT_RECONCILER_URL: z.url(),
  AUDIT_PROVIDER_URL: httpUrl().optional(),
});

/** Of a system that runs anywhere. Throws ConfigError. */
export function booksNamedBy(env: NodeJS.ProcessEnv): BookUrls {
  const { AUDIT_PROVIDER_URL: providerTruth, ...databases } = loadConfig(variables, env);
  const byService = Object.entries(databases).map(([name, url]) => [/_(\w+)_/.exec(name)?.[1]?.toLowerCase(), url]);
  return { databases: Object.fromEntries(byService), providerTruth };
}

/** A truth of a hundred thousand objects takes a second or two. */
const TRUTH_TIMEOUT_MS = 30_000;

/**
 * The books of a system that may be at work. The provider's truth is read last: a hold is released only after its payout has failed,
 * so a truth read before the books could make an honest release look early. Throws when any of them cannot be read.
 */
export async function readRunningBooks(urls: BookUrls): Promise<Books> {
  const books = await readBooks(urls.databases, []);
  return urls.providerTruth === undefined ? books : { ...books, provider: await readTruth(urls.providerTruth) };
}

async function readTruth(url: string): Promise<ProviderRow[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TRUTH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const rows = (await response.json()) as (Omit<ProviderRow, 'amount_minor'> & { amount_minor: string })[];
  return rows.map((row) => ({ ...row, amount_minor: BigInt(row.amount_minor) }));
}
