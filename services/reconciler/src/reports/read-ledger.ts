import type { z } from 'zod';
import { signInternalToken } from '#libs/auth';
import { dayPostingsAnswer, dayTotalsAnswer, postingsFound } from '#libs/contracts';
import { type HttpClient, HttpUnavailable } from '#libs/http';
import type { Currency } from '#libs/money';
import type { OurMove } from './compare-day.ts';
import type { Ends } from './report.ts';
import type { DayBounds } from './report-day.ts';

/** Enough for one call and its second try. */
const tokenTtlS = 60;
/** As many as the wallet looks up at once. */
const lookupMax = 500;
/**
 * Of one day and currency, all of which is in memory at once: some 100 MB. A brand that moves more than two a second around the clock
 * needs the comparison in pages by object id.
 */
export const postingsMax = 200_000;

/** The wallet cannot be asked, or its books were moving; later is another try. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable';
}

/** A posting by the ledger's own words; whose object it is about is for the reconciler to say. */
export type LedgerMove = Pick<OurMove, 'amountMinor' | 'at' | 'currency' | 'transactionId'> & {
  kind: 'credit' | 'settlement' | 'reversal' | 'payout-return' | 'adjustment';
  sourceId: string;
};

type Source = Pick<LedgerMove, 'kind' | 'sourceId'>;

/** The ledger's side of a report, in the wallet's own words. */
export interface Ledger {
  totals(bounds: DayBounds): Promise<Map<Currency, Ends>>;
  postings(bounds: DayBounds, currency: Currency): Promise<LedgerMove[]>;
  /** Those of the sources that are posted, on whatever day. */
  find(sources: readonly Source[]): Promise<LedgerMove[]>;
}

/** Over HTTP: the wallet's database is the wallet's. All of it is reading and may be repeated. */
export function ledgerOver(wallet: HttpClient, walletKey: Buffer): Ledger {
  async function ask<Schema extends z.ZodType>(
    schema: Schema,
    request: { method: 'GET' | 'POST'; path: string; json?: unknown },
  ): Promise<z.output<Schema>> {
    const token = signInternalToken(walletKey, {
      audience: 'wallet',
      actor: { kind: 'service', service: 'reconciler' },
      ttlS: tokenTtlS,
    });
    const headers = { authorization: `Bearer ${token}` };
    const { status, body } = await wallet.request({ ...request, headers, idempotent: true }).catch((cause: unknown) => {
      throw cause instanceof HttpUnavailable ? new LedgerUnavailable('the wallet gave no answer', { cause }) : cause;
    });
    if (status >= 500) throw new LedgerUnavailable(`the wallet answered ${status}`);
    if (status !== 200) throw new Error(`the wallet refused ${request.path}: ${status}`);
    return schema.parse(JSON.parse(body));
  }
  const spanOf = ({ from, until }: DayBounds) => ({ from: from.toISOString(), until: until.toISOString() });
  const get = <Schema extends z.ZodType>(schema: Schema, path: string, query: Record<string, string>) =>
    ask(schema, { method: 'GET', path: `${path}?${new URLSearchParams(query)}` });

  return {
    totals: async (bounds) => {
      const { data } = await get(dayTotalsAnswer, '/day-totals', spanOf(bounds));
      return new Map(
        data.map((row) => [
          row.currency,
          { openingMinor: BigInt(row.opening_minor), closingMinor: BigInt(row.closing_minor) },
        ]),
      );
    },
    postings: async (bounds, currency) => {
      const found: LedgerMove[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const query = { ...spanOf(bounds), currency, ...(after === '' ? {} : { after }) };
        const page: z.output<typeof dayPostingsAnswer> = await get(dayPostingsAnswer, '/day-postings', query);
        found.push(
          ...page.data.map((row) => ({
            kind: row.kind,
            sourceId: row.source_id,
            transactionId: row.transaction_id,
            currency,
            amountMinor: BigInt(row.gained_minor),
            at: new Date(row.created_at),
          })),
        );
        if (found.length > postingsMax) throw new RangeError(`more than ${postingsMax} postings`);
        after = page.next;
      }
      return found;
    },
    find: async (sources) => {
      const found: LedgerMove[] = [];
      for (let at = 0; at < sources.length; at += lookupMax) {
        const wanted = sources.slice(at, at + lookupMax).map(({ kind, sourceId }) => ({ kind, source_id: sourceId }));
        const { data } = await ask(postingsFound, {
          method: 'POST',
          path: '/posting-lookups',
          json: { sources: wanted },
        });
        for (const row of data)
          if (row.kind !== 'hold' && row.settlement !== 'void')
            found.push({
              kind: row.kind,
              sourceId: row.source_id,
              transactionId: row.transaction_id,
              currency: row.currency,
              amountMinor: -BigInt(row.system_minor),
              at: new Date(row.created_at),
            });
      }
      return found;
    },
  };
}
