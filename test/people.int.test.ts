import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { grantRole } from '../deploy/grant-role/grant-role.ts';
import { type Answer, type Client, call, expectStatus } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/** R4: what no rule may settle ends by two people, over the whole system: through the gateway, into the books. */
let system: System;
let maker: Staff;
let checker: Staff;

type Staff = (method: string, path: string, json?: unknown, headers?: Record<string, string>) => Promise<Answer>;

beforeAll(async () => {
  system = await startSystem({
    settings: {
      payments: { RETRY_MIN_MS: '100', WORKER_INTERVAL_MS: '100' },
      reconciler: {
        SWEEP_INTERVAL_MS: '100',
        EARLY_READ_STEPS_MS: '300,300',
        // As against Revio itself: that the window closes is not confirmed, so nobody but people may say "not executed".
        REVIO_EXECUTE_WINDOW_ENFORCED: 'false',
        REVIO_EXECUTE_WINDOW_MS: '1500',
      },
    },
  });
  [maker, checker] = await Promise.all([staff('admin'), staff('admin')]);
});
afterEach(() => system.assertPromises());
afterAll(() => system?.close());

async function staff(role: 'support' | 'admin'): Promise<Staff> {
  const { email } = await system.signUp();
  expect(await grantRole(system.databases.gateway.ownerUrl, email, role)).toBe(true);
  const login = `${system.gatewayUrl}/api/v1/auth/login`;
  const { body } = expectStatus(await call('POST', login, { email, password: 'Correct-Horse-1' }), 200);
  return (method, path, json, headers = {}) =>
    call(method, `${system.gatewayUrl}/api/v1/admin${path}`, json, {
      authorization: `Bearer ${body.access_token}`,
      ...headers,
    });
}

const decide = (who: Staff, verb: 'approve' | 'reject', proposal: Answer) =>
  who('POST', `/proposals/${proposal.body.id}/${verb}`, {}, { 'if-match': proposal.headers.get('etag') ?? '' });

const ends = (client: Client, id: string, status: string) =>
  poll(async () => (await client.transaction(id)).body.status === status, { timeoutMs: 30_000 });

/** A withdrawal whose execute call was cut off, once its case is open. */
async function unknownWithdrawal() {
  const client = await system.funded('60.00');
  system.simulator.control.faults.add({ route: 'POST /po/{id}/bank/', kind: 'reset' });
  const { id } = expectStatus(await client.withdraw('60.00'), 202).body;
  const found = await poll(
    async () =>
      (await maker('GET', '/cases?status=open')).body.data.find(
        (each: { cause: string; transaction_id: string }) =>
          each.cause === 'unknown_outcome' && each.transaction_id === id,
      ),
    { timeoutMs: 30_000 },
  );
  expect(await client.balance()).toEqual({ available: '0.00', held: '60.00' });
  return { client, id, caseId: String(found.id) };
}

const grounds = { reason_code: 'bank_confirmed', evidence: 'statement of the day, line 4' };

test('R4 M3 I8: an unknown payout becomes a case and ends as not executed by two people; the money is back once', async () => {
  const { client, id, caseId } = await unknownWithdrawal();
  await maker('POST', `/cases/${caseId}/assign`, {});
  const proposal = expectStatus(
    await maker('POST', `/cases/${caseId}/resolutions`, { outcome: 'not_executed', ...grounds }),
    201,
  );
  expect((await decide(maker, 'approve', proposal)).body.code).toBe('self_approval');
  expect((await checker('POST', `/proposals/${proposal.body.id}/approve`, {})).status).toBe(428);
  expectStatus(await decide(checker, 'approve', proposal), 200);
  expect((await decide(checker, 'approve', proposal)).body.code).toBe('already_decided');
  await ends(client, id, 'failed');
  expect(await client.balance()).toEqual({ available: '60.00', held: '0.00' });
  const whole = (await checker('GET', `/cases/${caseId}`)).body;
  expect(whole).toMatchObject({
    status: 'resolved',
    verdicts: [{ outcome: 'failed', reason: 'not_executed' }],
    proposals: [{ state: 'executed' }],
  });
  expect(whole.history.map(({ action }: { action: string }) => action)).toEqual([
    'case_assigned',
    'resolution_proposed',
    'resolution_approved',
  ]);
});

test('R4 M2: an unknown payout ends as executed by two people', async () => {
  const { client, id, caseId } = await unknownWithdrawal();
  const idea = { outcome: 'executed', ...grounds };
  const proposal = expectStatus(await maker('POST', `/cases/${caseId}/resolutions`, idea), 201);
  expectStatus(await decide(checker, 'approve', proposal), 200);
  await ends(client, id, 'completed');
  expect(await client.balance()).toEqual({ available: '0.00', held: '0.00' });
  // What the bank's letter said and Revio's own object was late to show.
  await executeByHand(id);
  system.simulator.control.payoutSucceed({ reference: id });
});

test('R4 A3: an adjustment moves money once two admins agree, in the ledger and nowhere else; support looks on', async () => {
  const client = await system.funded('60.00');
  const { body: me } = await client.call('GET', '/me');
  const adjust = (direction: 'credit' | 'debit', amount: string) =>
    maker('POST', '/adjustments', { user_id: me.id, currency: 'ZAR', amount, direction, ...grounds });
  const [credit, debit, tooMuch] = [
    await adjust('credit', '15.00'),
    await adjust('debit', '5.00'),
    await adjust('debit', '500.00'),
  ];
  for (const proposal of [credit, debit, tooMuch]) {
    expectStatus(await decide(checker, 'approve', expectStatus(proposal, 201)), 200);
    await poll(async () => (await checker('GET', `/proposals/${proposal.body.id}`)).body.state !== 'approved');
  }
  expect((await checker('GET', `/proposals/${tooMuch.body.id}`)).body).toMatchObject({
    state: 'failed',
    failure: 'insufficient_funds',
  });
  expect(await client.balance()).toEqual({ available: '70.00', held: '0.00' });
  const support = await staff('support');
  expect((await support('GET', '/proposals?state=executed')).body.data).toHaveLength(4);
  expect((await support('POST', '/adjustments', {})).status).toBe(403);
  expect((await client.call('GET', '/admin/cases')).status).toBe(403);
  expect((await adjust('credit', '1.005')).body.errors).toMatchObject([{ code: 'too_many_decimals' }]);
});

/** As a lost request that arrives late at the bank: the simulator takes it within its window. */
async function executeByHand(reference: string): Promise<void> {
  const [payout] = system.simulator.control.objects({ reference });
  const { execution_url } = payout as { execution_url: string };
  const response = await fetch(execution_url, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.simulator.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      payout_type: 'bank',
      bank_code: '250655',
      bank_account_name: 'T MOKOENA',
      bank_account_number: '62000000001',
    }),
  });
  expect(response.status).toBe(200);
}
