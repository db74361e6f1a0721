import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import { requireAdmin, requireStaff } from '#libs/auth';
import { Problem, parseBody, parseQuery } from '#libs/http';
import { problem } from '../problems.ts';
import { importStatement } from './import-statement.ts';
import type { ReportDeps } from './make-report.ts';
import type { StatementMistake } from './parse-statement.ts';
import type { Report } from './report.ts';
import { csvHead, csvItems } from './report-csv.ts';
import { requestReport } from './request-report.ts';
import { itemsMax, reportExportQuery, reportParams, reportQuery, statementBody } from './request-schemas.ts';
import { shownItem, shownReport, shownRun, shownStatement } from './resources.ts';

export type ReportRouteDeps = Pick<ReportDeps, 'transact' | 'clock' | 'newUuid' | 'zone' | 'delayMs' | 'ledger'> & {
  wakeReports: () => void;
};

/** Half a year of one currency, and the runs that have not ended. */
const listMax = 200;

/** The daily report (R3): looking is for support too, statements and new runs are for admins. */
export function reportRoutes(deps: ReportRouteDeps): Router {
  const router = Router();

  router.get('/reports', async (request, response) => {
    requireStaff(request);
    const { reports, runs } = await deps.transact(async (tx) => ({
      reports: await tx.listReports(listMax),
      runs: await tx.listOpenRuns(listMax),
    }));
    response.json({ data: reports.map(shownReport), runs: runs.map(shownRun) });
  });
  router.get('/reports/:day/:currency', async (request, response) => {
    requireStaff(request);
    const { version, result, after = 0 } = parseQuery(reportQuery, request);
    const report = await reportOf(deps, request, version);
    const items = await deps.transact((tx) => tx.pageItems(report.id, after, itemsMax, result));
    response.json({
      ...shownReport(report),
      items: items.map((item) => shownItem(item, report.currency)),
      next_after: items.length < itemsMax ? null : (items.at(-1)?.line ?? null),
    });
  });
  router.get('/reports/:day/:currency/export', async (request, response) => {
    requireStaff(request);
    const { version } = parseQuery(reportExportQuery, request);
    await sendCsv(deps, await reportOf(deps, request, version), response);
  });
  router.post('/reports/:day/:currency/runs', async (request, response) => {
    const admin = requireAdmin(request);
    const of = paramsOf(request);
    const id = await requestReport(deps, admin, of);
    if (id === null) throw problem('day_not_begun');
    deps.wakeReports();
    response.status(202).json({ run_id: id, ...of });
  });
  router.post('/statements', async (request, response) => {
    const admin = requireAdmin(request);
    const imported = await importStatement(deps, admin, parseBody(statementBody, request));
    if (!imported.ok) throw refusedFile(imported.mistakes);
    deps.wakeReports();
    response.status(imported.isNew ? 201 : 200).json(shownStatement(imported.statement));
  });
  return router;
}

/** What names no day and currency names nothing. */
function paramsOf(request: Request) {
  const { success, data } = reportParams.safeParse(request.params);
  if (!success) throw problem('not_found');
  return data;
}

async function reportOf(deps: ReportRouteDeps, request: Request, version: number | undefined): Promise<Report> {
  const { day, currency } = paramsOf(request);
  const found = await deps.transact((tx) => tx.findReport(day, currency, version));
  if (found === null) throw problem('not_found');
  return found;
}

/** Page by page, as fast as it is taken: a version never changes, so the pages fit together. */
async function sendCsv({ transact }: ReportRouteDeps, report: Report, response: Response): Promise<void> {
  const { day, currency, version } = report;
  response.status(200).set({
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="report-${day}-${currency}-v${version}.csv"`,
  });
  async function* pages() {
    yield csvHead(report);
    for (let after = 0; ; ) {
      const items = await transact((tx) => tx.pageItems(report.id, after, itemsMax));
      if (items.length > 0) yield csvItems(report, items);
      if (items.length < itemsMax) return;
      after = items.at(-1)?.line ?? 0;
    }
  }
  await pipeline(Readable.from(pages(), { objectMode: false }), response);
}

const refusedFile = (mistakes: readonly StatementMistake[]): Problem =>
  new Problem('statement_invalid', {
    errors: mistakes.map(({ line, column, problem: detail }) => ({
      pointer: '/csv',
      code: 'line_invalid',
      detail: `line ${line}${column === '' ? '' : `, ${column}`}: ${detail}`,
    })),
  });
