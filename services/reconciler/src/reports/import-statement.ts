import { isCurrency } from '#libs/money';
import { type Person, recordAct } from '../people/act.ts';
import type { ReportDeps } from './make-report.ts';
import { parseStatement, type StatementMistake, statementHash } from './parse-statement.ts';
import type { Statement } from './report.ts';
import { boundsOf } from './report-day.ts';

type Imported = { ok: true; statement: Statement; isNew: boolean } | { ok: false; mistakes: StatementMistake[] };

/**
 * Takes Revio's list of a day, whole or not at all; the latest of a day counts, and the same file again is that very one. A day that is over is then
 * reported anew, with the statement as Revio's word: in every currency that the file or the ledger has.
 */
export async function importStatement(
  deps: Pick<ReportDeps, 'transact' | 'clock' | 'newUuid' | 'zone' | 'delayMs' | 'ledger'>,
  person: Person,
  { day, csv }: { day: string; csv: string },
): Promise<Imported> {
  const parsed = parseStatement(csv, { day, zone: deps.zone });
  if (!parsed.ok) return parsed;
  const { lines } = parsed;
  const importedAt = deps.clock.now();
  const id = deps.newUuid();
  const contentHash = statementHash(day, csv);
  const statement: Statement = { id, day, contentHash, lines: lines.length, importedBy: person.userId, importedAt };
  const isOver = importedAt.getTime() >= boundsOf(day, deps.zone).until.getTime() + deps.delayMs;
  return deps.transact(
    async (tx): Promise<Imported> => {
      await tx.lockStatementsOf(day);
      const latest = await tx.statementOf(day);
      if (latest?.contentHash === contentHash) return { ok: true, statement: latest, isNew: false };
      await tx.insertStatement(statement, lines);
      await recordAct(tx, deps, person, {
        action: 'statement_imported',
        about: id,
        note: `${day}, ${lines.length} lines`,
      });
      const currencies = new Set(
        isOver ? [...lines.map(({ currency }) => currency), ...(await tx.currenciesSeen())] : [],
      );
      for (const currency of [...currencies].filter(isCurrency))
        await tx.insertRun({ id: deps.newUuid(), day, currency, cause: `statement:${id}`, requestedAt: importedAt });
      return { ok: true, statement, isNew: true };
    },
    { onUnknownCommit: 'rerun' },
  );
}
