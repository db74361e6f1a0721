import { expect, test } from 'vitest';
import { at, credited, depositId, paidOut, plan, userId, withdrawalId } from '../test/samples.ts';
import { nextReadAt, retryAt } from './schedule.ts';
import { newObject, newSubject, type ProviderObject, type Subject } from './subject.ts';
import type { Verdict } from './verdict.ts';

const hour = 3600;
const day = 24 * hour;

const deposit = (changed: Partial<Subject> = {}): Subject => ({
  ...newSubject(depositId),
  userId,
  currency: 'ZAR',
  amountMinor: 15_000n,
  objectId: 'purchase-1',
  requestedAt: at(0),
  ...changed,
});
const withdrawal = (changed: Partial<Subject> = {}): Subject => ({
  ...deposit(),
  transactionId: withdrawalId,
  objectId: 'payout-1',
  executeSentAt: at(2),
  ...changed,
});
const purchase = (changed: Partial<ProviderObject> = {}) => ({ ...newObject('purchase-1', 'purchase'), ...changed });
const payout = (changed: Partial<ProviderObject> = {}) => ({ ...newObject('payout-1', 'payout'), ...changed });
const read = (seconds: number, reads: number) => ({ readAt: at(seconds), reads });

type Row = [rule: string, subject: Subject | null, object: ProviderObject, then: number | null, verdicts?: Verdict[]];

test.each<Row>([
  ['R2: a deposit is read after an hour', deposit(), purchase(), hour],
  ['R2: or after its due time and a margin, if that is sooner', deposit({ dueAt: at(1800) }), purchase(), 1860],
  ['R2: then step by step', deposit(), purchase(read(3700, 1)), 3700 + 900],
  ['R2: with longer steps', deposit(), purchase(read(4600, 2)), 4600 + 1800],
  ['R2: of which the last repeats', deposit(), purchase(read(9000, 9)), 9000 + 1800],
  ['R2: a silent payout is read after a minute', withdrawal(), payout(), 2 + 60],
  ['R2: and again, if that told nothing', withdrawal(), payout(read(62, 1)), 62 + 120],
  ['R2: initialized tells nothing', withdrawal(), payout({ ...read(62, 1), lastStatus: 'initialized' }), 62 + 120],
  [
    'R2: an absence tells nothing',
    withdrawal(),
    payout({ ...read(62, 1), lastStatus: 'pending', absences: 1 }),
    62 + 120,
  ],
  [
    'R2: a pending payout is read after a day',
    withdrawal(),
    payout({ ...read(62, 1), lastStatus: 'pending' }),
    2 + day,
  ],
  ['R2: then step by step', withdrawal(), payout({ ...read(2 + day, 2), lastStatus: 'pending' }), 2 + day + 1800],
  ['R2b: an ended deposit by its ages', deposit({ endedAt: at(100), endedAs: 'failed' }), purchase(), 100 + day],
  [
    'R2b: the next age after a read',
    deposit({ endedAt: at(100), endedAs: 'expired' }),
    purchase(read(100 + day, 3)),
    100 + 3 * day,
  ],
  [
    'R2b: an age that was missed is still read',
    deposit({ endedAt: at(100), endedAs: 'expired' }),
    purchase(read(90, 1)),
    100 + day,
  ],
  ['R2b: no age left', deposit({ endedAt: at(100), endedAs: 'failed' }), purchase(read(100 + 3 * day, 4)), null],
  [
    'R2b: a completed deposit by its own ages',
    deposit({ endedAt: at(100), endedAs: 'completed' }),
    purchase(read(100 + day, 1)),
    100 + 2 * day,
  ],
  [
    'R2b: an ended payout by its ages',
    withdrawal({ endedAt: at(100), endedAs: 'failed' }),
    payout(read(100 + day, 1)),
    100 + 10 * day,
  ],
  [
    'R2 R4: the last age repeats for a payout that people ended and the banks have not',
    withdrawal({ endedAt: at(100), endedAs: 'completed' }),
    payout({ ...read(100 + 10 * day, 3), lastStatus: 'pending' }),
    100 + 20 * day,
  ],
  [
    'R2b: no age left of one that is paid',
    withdrawal({ endedAt: at(100), endedAs: 'completed' }),
    payout({ ...read(100 + 10 * day, 3), lastStatus: 'success' }),
    null,
  ],
  ['a verdict counts as the end until payments says so', deposit(), purchase(), 60 + day, [credited(60)]],
  ['for a payout too', withdrawal(), payout(), 60 + day, [paidOut('failed', 60)]],
  ['an object of nobody is not read', null, purchase(), null],
  ['nor one whose transaction is not told of', newSubject(depositId), purchase(), null],
  ['nor a payout that was never executed', withdrawal({ objectId: 'payout-2' }), payout(), null],
  ['a second purchase can still be paid', deposit({ objectId: 'purchase-2' }), purchase(), hour],
  ['a Payment cannot be read', deposit(), newObject('refund-1', 'payment'), null],
])('%s', (_rule, subject, object, then, verdicts = []) => {
  expect(nextReadAt(subject, object, verdicts, plan)).toEqual(then === null ? null : at(then));
});

test('what waits for a read is read now, and if that was not enough by the early steps from it', () => {
  expect(retryAt(purchase(), at(10), plan)).toEqual(at(10));
  expect(retryAt(purchase(read(10, 1)), at(50), plan)).toEqual(at(70));
  expect(retryAt(purchase(read(10, 9)), at(50), plan)).toEqual(at(310));
});
