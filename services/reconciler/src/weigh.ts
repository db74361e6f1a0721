import type { Observation } from '#libs/contracts';
import type { Place } from './at-place.ts';
import { openCase } from './cases/open-case.ts';
import { movementOf } from './conservation/movement.ts';
import { decide, giveUp } from './decide.ts';
import type { Decision } from './decision.ts';
import type { Deps } from './deps.ts';
import { noteObservation } from './note-observation.ts';
import type { ReconcilerTx } from './reconciler-store.ts';
import { nextReadAt, notBefore, restAfterFailures, restAfterRead, retryAt } from './schedule.ts';
import { type Expected, expectedOf, type ProviderObject, type Subject } from './subject.ts';
import { announcementOf, isRuling, type Ruling, type Verdict, verdictOf } from './verdict.ts';

/** Far more than an object ever has waiting: its deliveries are some ten. What is beyond waits for the next weighing. */
const WAITING_MAX = 100;

/** One observation on the scale. `id` is null when it has just come, and its waiting row's when it came before. */
interface Arrival {
  id: string | null;
  deliveryId: string | null;
  observation: Observation;
  parkedAt: Date | null;
}

/** An object whose row, and its transaction's if it is known, this transaction has locked. */
interface Scale {
  tx: ReconcilerTx;
  deps: Deps;
  subject: Subject | null;
  expected: Expected | null;
  object: ProviderObject;
  verdicts: Verdict[];
  reversalWaits: boolean;
  decisions: Decision[];
}

/**
 * Weighs what has just been observed, if anything, and then all that waits on the object, since either may have brought what the
 * other lacked; writes the verdicts, cases and answers that follow, and when to read the object next. `giveUpBefore`: what has waited
 * since before then is ended. Returns the decisions.
 */
export async function weigh(
  tx: ReconcilerTx,
  deps: Deps,
  place: Place,
  { fresh, giveUpBefore }: { fresh?: Pick<Arrival, 'deliveryId' | 'observation'>; giveUpBefore?: Date } = {},
): Promise<Decision[]> {
  const verdicts = place.subject === null ? [] : await tx.verdictsOf(place.subject.transactionId);
  const expected = expectedOf(place.subject);
  const news: Arrival[] = fresh === undefined ? [] : [{ ...fresh, id: null, parkedAt: null }];
  const arrivals = [...news, ...(await tx.waitingOn(place.object.objectId, WAITING_MAX))].sort(refundsLast);
  const before = { verdicts, object: place.object, reversalWaits: false };
  const reversalWaits = arrivals.some(
    ({ observation }) => isPayment(observation) && decide(expected, observation, before, deps.policy).kind === 'read',
  );
  const scale: Scale = { tx, deps, ...place, expected, verdicts, reversalWaits, decisions: [] };
  let wantsRead: 'now' | 'later' | null = null;
  for (const arrival of arrivals) {
    const { kind } = await conclude(scale, arrival, giveUpBefore);
    const isNews = arrival.id === null;
    if (kind === 'read')
      wantsRead = isNews && arrival.observation.source === 'webhook' ? 'now' : (wantsRead ?? 'later');
    if (isNews) scale.object = noteObservation(scale.object, arrival.observation);
  }
  const next = whenToRead(scale, wantsRead);
  const isRead = fresh?.observation.source === 'read';
  const rest = isRead ? restAfterRead(deps.clock.now(), deps.plan) : restAfterFailures(scale.object, deps.plan);
  await tx.putObject({ ...scale.object, nextReadAt: notBefore(next, rest) });
  return scale.decisions;
}

/** A refund that waits for its credit finds it when the purchase is weighed first. */
const refundsLast = (a: Arrival, b: Arrival): number => rank(a) - rank(b);
const rank = ({ observation }: Arrival): number => (isPayment(observation) ? 1 : 0);
const isPayment = ({ object_type }: Observation): boolean => object_type === 'payment';

/** The schedule, unless something waits for a read sooner. */
function whenToRead({ deps, subject, object, verdicts }: Scale, wants: 'now' | 'later' | null): Date | null {
  const now = deps.clock.now();
  const scheduled = nextReadAt(subject, object, verdicts, deps.plan);
  if (wants === null || object.objectType === 'payment') return scheduled;
  const wanted = wants === 'now' ? now : retryAt(object, now, deps.plan);
  return scheduled === null || wanted < scheduled ? wanted : scheduled;
}

async function conclude(scale: Scale, arrival: Arrival, giveUpBefore?: Date): Promise<Decision> {
  const { deps, expected, object, verdicts, reversalWaits } = scale;
  const { observation, parkedAt } = arrival;
  const first = decide(expected, observation, { verdicts, object, reversalWaits }, deps.policy);
  const tooLate = giveUpBefore !== undefined && parkedAt !== null && parkedAt < giveUpBefore;
  const decision = tooLate && !isReadToCome(first, object, parkedAt) ? giveUp(first, expected, observation) : first;
  scale.decisions.push(decision);
  if (decision.kind === 'park' || decision.kind === 'read') await keepWaiting(scale, arrival, decision);
  else {
    if (isRuling(decision)) await pronounce(scale, decision, observation);
    if (decision.kind === 'case') await openCase(scale.tx, deps, caseAbout(scale, decision, arrival));
    const movement = movementOf(decision, observation, deps.policy);
    if (movement !== null)
      await scale.tx.noteMovement({ ...movement, placeId: object.objectId, notedAt: deps.clock.now() });
    if (arrival.id !== null) await scale.tx.deleteWaiting(arrival.id);
    await answer(scale, arrival, outcomeOf(decision), wordOf(decision));
  }
  return decision;
}

/** After a day without us, what waits for a read is read before it is given up: the read ends it, and nobody need look. */
const isReadToCome = (
  { kind }: Decision,
  { objectType, readAt, readFailedAt }: ProviderObject,
  parkedAt: Date,
): boolean =>
  kind === 'read' && objectType !== 'payment' && [readAt, readFailedAt].every((at) => at === null || at < parkedAt);

async function pronounce(scale: Scale, ruling: Ruling, observation: Observation): Promise<void> {
  const { tx, deps, expected, verdicts } = scale;
  if (expected === null || observation.object_type === 'absent') throw new Error('a ruling without both of its sides');
  const verdict = verdictOf(ruling, expected, observation, deps.clock.now());
  // The lock on the subject makes this the only decision; the constraint says so even if that were ever forgotten.
  if (!(await tx.insertVerdict(verdict))) return;
  verdicts.push(verdict);
  const { type, data } = announcementOf(verdict, expected);
  await tx.enqueue(type, data);
}

type Unready = Extract<Decision, { kind: 'park' | 'read' }>;

async function keepWaiting(scale: Scale, { id, deliveryId, observation }: Arrival, unready: Unready): Promise<void> {
  // An authenticated word that asks for a newer one has nothing to keep: the schedule brings that one.
  if (unready.kind === 'read' && observation.source !== 'webhook') {
    if (id !== null) await scale.tx.deleteWaiting(id);
    return;
  }
  if (id !== null) return;
  const now = scale.deps.clock.now();
  await scale.tx.insertWaiting({
    id: scale.deps.newUuid(),
    objectId: scale.object.objectId,
    deliveryId,
    observation,
    parkedAt: now,
    triedAt: now,
  });
  await answer(scale, { deliveryId }, 'parked', unready.reason);
}

/** Tells webhooks what became of its delivery; told again when one that waited is concluded. */
async function answer(
  { tx, object }: Scale,
  { deliveryId }: Pick<Arrival, 'deliveryId'>,
  outcome: 'applied' | 'ignored' | 'parked' | 'case',
  reason: string,
): Promise<void> {
  if (deliveryId === null) return;
  await tx.enqueue(
    'reconciler.observation-handled.v1',
    { delivery_id: deliveryId, transaction_id: object.transactionId, outcome, reason },
    object.transactionId === null ? {} : { correlationId: object.transactionId },
  );
}

const outcomeOf = ({ kind }: Decision): 'applied' | 'ignored' | 'case' =>
  kind === 'case' ? 'case' : kind === 'ignore' ? 'ignored' : 'applied';

function wordOf(decision: Decision): string {
  switch (decision.kind) {
    case 'settle':
    case 'return':
      return decision.kind;
    case 'reverse':
      return decision.reversal;
    case 'case':
      return decision.cause;
    default:
      return decision.reason;
  }
}

const caseAbout = (
  { object, expected, verdicts }: Scale,
  { cause, part }: Extract<Decision, { kind: 'case' }>,
  { observation: observed, deliveryId }: Pick<Arrival, 'observation' | 'deliveryId'>,
) => ({
  cause,
  about: part === undefined ? observed.object_id : `${observed.object_id}:${part}`,
  transactionId: object.transactionId,
  objectId: observed.object_id,
  evidence: {
    expected:
      expected === null
        ? null
        : {
            transaction_id: expected.transactionId,
            kind: expected.kind,
            currency: expected.currency,
            amount_minor: expected.amountMinor.toString(),
            object_id: expected.objectId,
          },
    observed,
    reversed_minor: reversedMinor(verdicts, object.objectId),
    delivery_id: deliveryId,
  },
});

/** What of the object's credit has been reversed so far. */
const reversedMinor = (verdicts: readonly Verdict[], of: string): string =>
  verdicts
    .filter(({ slot, objectId }) => slot === 'reversal' && objectId === of)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0n)
    .toString();
