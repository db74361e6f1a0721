import type { Currency } from '#libs/money';
import { type Person, recordAct } from '../people/act.ts';
import type { ReportDeps } from './make-report.ts';
import { boundsOf } from './report-day.ts';

/** A person wants a day's report made again. It becomes the next version; those before it stay. Returns the run, or null of a day to come. */
export async function requestReport(
  deps: Pick<ReportDeps, 'transact' | 'clock' | 'newUuid' | 'zone'>,
  person: Person,
  { day, currency }: { day: string; currency: Currency },
): Promise<string | null> {
  const requestedAt = deps.clock.now();
  if (boundsOf(day, deps.zone).from >= requestedAt) return null;
  const id = deps.newUuid();
  await deps.transact(
    async (tx) => {
      if (!(await tx.insertRun({ id, day, currency, cause: `request:${id}`, requestedAt }))) return;
      await recordAct(tx, deps, person, { action: 'report_requested', about: id, note: `${day} ${currency}` });
    },
    { onUnknownCommit: 'rerun' },
  );
  return id;
}
