import type { z } from 'zod';
import { currency, foreignId, transactionId, userId } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { openCase } from '../cases/open-case.ts';
import type { Deps } from '../deps.ts';
import type { Postings } from './ask-wallet.ts';
import { bothSides, type Compared, evidenceOf } from './both-sides.ts';
import {
  type ConservationTx,
  caseOf,
  type DifferenceRow,
  dueDifferences,
  forget,
  isExplained,
  judge,
} from './conservation-store.ts';

export type JudgeDeps = Pick<Deps, 'clock' | 'newUuid'> & {
  read: Sql;
  transact: <R>(work: (tx: ConservationTx) => Promise<R>) => Promise<R>;
  postings: Postings;
  flowMaxMs: number;
  intervalMs: number;
};

/** Far more than there ever are; the rest waits for the next run. */
const judgedMax = 200;

/**
 * The second read (I9): each difference that has lasted for another whole flow is asked for again on both sides. Equal now: forgotten.
 * Explained by a case: left to it. Else broken: one case with both sides as evidence, and the wallet is frozen, again and again until it
 * is mended or two people have ended the case. Returns how many were judged.
 */
export async function judgeDifferences(deps: JudgeDeps): Promise<number> {
  const due = await dueDifferences(deps.read, deps.clock.now(), judgedMax);
  const pairs = await bothSides(deps.read, deps.postings, due);
  for (const [index, pair] of pairs.entries()) {
    const row = due[index];
    if (row !== undefined) await deps.transact((tx) => judgeOne(tx, deps, row, pair));
  }
  return due.length;
}

async function judgeOne(tx: ConservationTx, deps: JudgeDeps, row: DifferenceRow, pair: Compared): Promise<void> {
  const { source } = pair;
  if (pair.difference === null) return forget(tx.sql, source);
  const now = deps.clock.now();
  const later = (ms: number) => new Date(now.getTime() + ms);
  const found = evidenceOf(pair);
  const about = `${source.kind}:${source.sourceId}`;
  const transactions = [pair.claimed?.transactionId, pair.posting?.transaction_id].filter(
    (id) => typeof id === 'string',
  );
  if (await isExplained(tx.sql, about, transactions, pair.claimed?.objectIds ?? [])) {
    const { toldAt } = row;
    return judge(tx.sql, source, { state: 'explained', toldAt, found, lookAt: later(deps.flowMaxMs) });
  }
  const isToTell = row.toldAt === null || now.getTime() - row.toldAt.getTime() >= deps.flowMaxMs;
  if (isToTell) await openAndFreeze(tx, deps, about, pair);
  const toldAt = isToTell ? now : row.toldAt;
  await judge(tx.sql, source, { state: 'broken', toldAt, found, lookAt: later(deps.intervalMs) });
}

/** One case however often it is told; each telling freezes the wallet unless it is frozen. */
async function openAndFreeze(tx: ConservationTx, deps: JudgeDeps, about: string, pair: Compared): Promise<void> {
  const { source, posting, claimed, difference } = pair;
  const broken = {
    cause: 'conservation_broken',
    about,
    transactionId: valid(transactionId, claimed?.transactionId) ?? valid(transactionId, posting?.transaction_id),
    objectId: valid(foreignId, claimed?.objectIds[0]) ?? valid(foreignId, posting === null ? null : source.sourceId),
    evidence: evidenceOf(pair),
  };
  await openCase(tx, deps, broken);
  const caseId = await caseOf(tx.sql, about);
  // The wallet that has the money, or that should have it. Money that nobody has claimed is in no wallet.
  const owner = {
    user_id: valid(userId, posting?.user_id) ?? valid(userId, claimed?.userId),
    currency: valid(currency, posting?.currency) ?? valid(currency, claimed?.currency),
  };
  if (owner.user_id === null || owner.currency === null) return;
  await tx.enqueue(
    'reconciler.conservation-broken.v1',
    {
      case_id: caseId,
      kind: source.kind,
      source_id: source.sourceId,
      difference: [...(difference ?? [])],
      user_id: owner.user_id,
      currency: owner.currency,
    },
    { correlationId: caseId },
  );
}

/** What a forged row says may be no id of ours. */
const valid = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | null => {
  const read = schema.safeParse(value);
  return read.success ? read.data : null;
};
