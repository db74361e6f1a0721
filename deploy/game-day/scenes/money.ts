import type { Person } from '../people.ts';
import { wanted } from '../people.ts';
import type { Scene } from '../play.ts';
import { until, type World } from '../world.ts';

const longAgo = "now() - interval '5 hours'";
const grounds = { reason_code: 'game_day', evidence: 'a rehearsal' };
/** An unknown payout is a case after its window and three reads. */
const CASE_TIMEOUT_MS = 90_000;

/** A hand in the wallet's database, past the service and its rights. */
const tampered: Scene = {
  alerts: {
    LedgerImbalance: 'an entry changed in the database',
    LedgerDrift: 'the same: the wallet is not the sum of its entries',
    NegativeBalance: 'a balance set to -1 in the database, its constraint dropped',
    WithdrawalsFrozen: 'the checker sees it and freezes',
  },
  make: async (world) => {
    const [entry] = await world.sql<{ id: string }>(
      'wallet',
      `UPDATE entries SET amount_minor = amount_minor + 1 WHERE ctid = (SELECT ctid FROM entries LIMIT 1) RETURNING ctid::text AS id`,
    );
    const [other] = await world.sql<{ id: string; available: string }>(
      'wallet',
      `SELECT id, available_minor::text AS available FROM wallets ORDER BY available_minor LIMIT 1`,
    );
    await world.sql('wallet', 'ALTER TABLE wallets DROP CONSTRAINT wallets_available_not_negative');
    await world.sql('wallet', 'UPDATE wallets SET available_minor = -1 WHERE id = $1', [other?.id]);
    return async () => {
      await world.sql('wallet', 'UPDATE wallets SET available_minor = $2 WHERE id = $1', [other?.id, other?.available]);
      await world.sql(
        'wallet',
        'ALTER TABLE wallets ADD CONSTRAINT wallets_available_not_negative CHECK (available_minor >= 0)',
      );
      await world.sql('wallet', 'UPDATE entries SET amount_minor = amount_minor - 1 WHERE ctid = $1::tid', [entry?.id]);
      await liftFreezes(world);
    };
  },
};

/** Two admins, as for everything; a checker that has not looked again yet freezes once more. */
async function liftFreezes({ admins: [maker, checker] }: World): Promise<void> {
  const lift = async (): Promise<boolean> => {
    const { body } = wanted(200, await maker.ask('GET', '/admin/freezes'));
    const inForce = body.data.filter((freeze: { released_at: string | null }) => freeze.released_at === null);
    for (const { id } of inForce)
      for (const admin of [maker, checker]) await admin.ask('POST', `/admin/freezes/${id}/release`, {});
    return inForce.length === 0;
  };
  await until('no freeze is in force', lift, CASE_TIMEOUT_MS);
}

/** Everything that waits for people, made old by the hand that can: nobody waits for four hours here. */
const peopleAreSlow: Scene = {
  alerts: {
    UnknownPayoutOutcomes: 'the execute call of a payout reset before Revio heard it',
    CasesWaiting: 'its case, five hours old',
    ProposalsWaiting: 'an adjustment, proposed five hours ago',
    ApprovalsWaiting: 'a withdrawal over the limit, held for five hours',
    TransactionsStuck: 'a deposit, pending for five hours',
    UsersInDebt: 'a chargeback of money that was spent',
  },
  make: async (world) => {
    const { user, admins, sql, sim } = world;
    const [maker, checker] = admins;
    await sim('POST', 'faults', { route: 'POST /po/{id}/bank/', kind: 'reset' });
    const lost = wanted(202, await user.withdraw('10.00')).body.id;
    const large = wanted(202, await user.withdraw('1500.00')).body.id;
    const unpaid = wanted(201, await user.deposit('12.00')).body.id;
    const idea = { user_id: user.userId, currency: 'ZAR', amount: '1.00', direction: 'credit', ...grounds };
    const proposal = wanted(201, await maker.ask('POST', '/admin/adjustments', idea));
    const repay = await runIntoDebt(world);
    const caseId = await unknownOutcomeOf(world, lost);
    await sql('reconciler', `UPDATE cases SET opened_at = ${longAgo} WHERE id = $1`, [caseId]);
    await sql(
      'reconciler',
      `SET session_replication_role = replica; UPDATE proposals SET proposed_at = ${longAgo} WHERE id = '${proposal.body.id}'`,
    );
    await sql('payments', `UPDATE transactions SET reserved_at = ${longAgo} WHERE id = $1`, [large]);
    await sql('payments', `UPDATE transactions SET created_at = ${longAgo} WHERE id = $1`, [unpaid]);
    return async () => {
      const resolution = { outcome: 'not_executed', ...grounds };
      const resolved = wanted(201, await maker.ask('POST', `/admin/cases/${caseId}/resolutions`, resolution));
      for (const [verb, { body, etag }] of [
        ['approve', resolved],
        ['reject', proposal],
      ] as const)
        wanted(200, await checker.ask('POST', `/admin/proposals/${body.id}/${verb}`, {}, { 'if-match': etag }));
      wanted(202, await checker.ask('POST', `/admin/withdrawals/${large}/reject`, { note: 'a rehearsal' }));
      await sim('POST', 'pay', { reference: unpaid });
      await repay();
    };
  },
};

/** A person of their own, so that nobody else's money is missing. */
async function runIntoDebt({ newUser, payIn, ended, sim, sql }: World): Promise<() => Promise<unknown>> {
  const debtor = await newUser();
  const paid = await payIn('50.00', debtor);
  await ended(wanted(202, await debtor.withdraw('50.00')).body.id, debtor);
  await sim('POST', 'chargeback', { reference: paid });
  const owes = async () =>
    (await sql('wallet', 'SELECT 1 FROM wallets WHERE user_id = $1 AND receivable_minor < 0', [debtor.userId])).length >
    0;
  await until('the user owes', owes, CASE_TIMEOUT_MS);
  return () => payIn('50.00', debtor);
}

async function unknownOutcomeOf({ admins: [maker] }: World, id: string): Promise<string> {
  let found: { id: string } | undefined;
  const look = async (): Promise<boolean> => {
    const { body } = wanted(200, await maker.ask('GET', '/admin/cases?status=open&cause=unknown_outcome'));
    found = body.data.find((each: { transaction_id: string }) => each.transaction_id === id);
    return found !== undefined;
  };
  await until('the unknown payout is a case', look, CASE_TIMEOUT_MS);
  return found?.id ?? '';
}

const ghost: Scene = {
  alerts: { ConservationBroken: 'a movement at Revio that no posting answers, written into the database' },
  make: async (world) => {
    const [row] = await world.sql<{ id: string }>(
      'reconciler',
      `INSERT INTO provider_movements (object_id, kind, place_id, currency, amount_minor, noted_at)
       SELECT id, 'credit', id, 'ZAR', 100, now() FROM (SELECT gen_random_uuid()::text AS id) ghost RETURNING object_id AS id`,
    );
    return async () => {
      await world.sql('reconciler', 'DELETE FROM provider_movements WHERE object_id = $1', [row?.id]);
      await dismissCases(world, 'conservation_broken');
    };
  },
};

async function dismissCases({ admins: [maker] }: World, cause: string): Promise<void> {
  const { body } = wanted(200, await maker.ask('GET', `/admin/cases?status=open&cause=${cause}`));
  for (const { id } of body.data)
    wanted(200, await maker.ask('POST', `/admin/cases/${id}/dismiss`, { note: 'a rehearsal' }));
}

/** Their days are South Africa's. */
const reportZone = 'Africa/Johannesburg';
const today = (): string => new Intl.DateTimeFormat('en-CA', { timeZone: reportZone }).format(new Date());
const zoneHours = 2;

/** A day that is not over is reported when somebody asks. */
async function reportWithStatement({ admins: [maker], sim }: World, wrong?: string): Promise<void> {
  const day = today();
  const from = Date.parse(`${day}T00:00:00Z`) / 1_000 - zoneHours * 3_600;
  const { csv } = await sim(
    'GET',
    `statement?from=${from}&until=${from + 86_400}${wrong === undefined ? '' : `&wrong=${wrong}`}`,
  );
  const answer = await maker.ask('POST', '/admin/statements', { day, csv });
  if (answer.status >= 300)
    throw new Error(`the statement was answered by ${answer.status}: ${JSON.stringify(answer.body)}`);
  await askForReport(maker);
}

const wrongStatement: Scene = {
  alerts: { DailyReportDisagrees: 'a statement of Revio’s with another amount in one line' },
  make: async (world) => {
    await reportWithStatement(world, 'other_amount');
    return () => reportWithStatement(world);
  },
};

const noReport: Scene = {
  alerts: { DailyReportLate: 'money moves, and nobody reports' },
  // A report of a moment ago: whatever moved before is reported.
  before: ({ admins: [maker] }) => askForReport(maker),
  make: async (world) => {
    await world.payIn('5.00');
    return () => askForReport(world.admins[0]);
  },
};

const askForReport = async (admin: Person): Promise<void> =>
  void wanted(202, await admin.ask('POST', `/admin/reports/${today()}/ZAR/runs`, {}));

export const moneyScenes: readonly Scene[] = [noReport, tampered, peopleAreSlow, ghost, wrongStatement];
