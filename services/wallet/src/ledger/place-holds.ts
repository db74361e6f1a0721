import { envelope } from '#libs/contracts';
import type { OneTrip } from '#libs/db';
import type { HoldOrder, PlaceHolds } from '../batch-holds.ts';
import type { LedgerDeps } from '../in-wallet.ts';
import { told } from '../tell.ts';
import { dayOf } from './limits.ts';
import { PLACE_HOLDS } from './place-holds-sql.ts';

/** The wallet's id is known to the statement alone, which puts it here. */
const walletIdToCome = '00000000-0000-0000-0000-000000000000';

/** Each round by one statement: see there what it leaves out. */
export const placeHolds =
  (deps: Pick<LedgerDeps, 'clock' | 'newUuid'> & { oneTrip: OneTrip }): PlaceHolds =>
  async (rounds) => {
    const placed = await deps.oneTrip<{ transactionId: string; countedOn: string }>(
      PLACE_HOLDS,
      rounds.map((orders) => valuesOf(deps, orders)),
    );
    const claims = new Map(rounds.flat().map(({ claim }) => [claim.transactionId, claim]));
    return new Map(
      placed.map(({ transactionId, countedOn }) => {
        const claim = claims.get(transactionId);
        if (claim === undefined) throw new Error('a hold was placed that nobody asked for');
        const undecided = {
          refusal: null,
          settlement: null,
          returnedPayoutId: null,
          limitMinor: null,
          leftMinor: null,
        };
        return [transactionId, { ...claim, ...undecided, countedOn }];
      }),
    );
  };

function valuesOf({ clock, newUuid }: Pick<LedgerDeps, 'clock' | 'newUuid'>, orders: readonly HoldOrder[]): unknown[] {
  const now = clock.now();
  const rows = orders.map(({ claim, limits, traceparent }) => {
    const [postingId, messageId] = [newUuid(), newUuid()];
    const data = { ...told(claim), wallet_id: walletIdToCome, posting_id: postingId };
    const message = envelope('wallet', 'wallet.hold-placed.v1', data, { id: messageId, time: now });
    return {
      ...{ claim, postingId, messageId, traceparent: traceparent ?? null, message: JSON.stringify(message) },
      traceId: traceparent?.split('-')[1] ?? null,
      limits,
    };
  });
  return [
    rows.map(({ claim }) => claim.transactionId),
    rows.map(({ claim }) => claim.userId),
    rows.map(({ claim }) => claim.currency),
    rows.map(({ claim }) => claim.amountMinor),
    rows.map(({ limits }) => limits.dailyMinor),
    rows.map(({ limits }) => limits.monthlyMinor),
    rows.map(({ postingId }) => postingId),
    rows.map(({ traceId }) => traceId),
    rows.map(({ messageId }) => messageId),
    rows.map(({ message }) => message),
    rows.map(({ traceparent }) => traceparent),
    now,
    dayOf({ countedOn: null }, now),
  ];
}
