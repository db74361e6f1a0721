import type { StoryLine } from '#libs/contracts';
import type { Sql } from '#libs/db';
import { formatAmount } from '#libs/money';
import type { TellStory } from '#libs/service';
import type { Act } from '../approval/act-store.ts';
import type { TimelineEntry, Transaction } from '../transaction/transaction.ts';
import { sayStep } from './plain-words.ts';

type Begun = Pick<
  Transaction,
  | 'kind'
  | 'reversal'
  | 'reversalOf'
  | 'amountMinor'
  | 'currency'
  | 'requestId'
  | 'traceparent'
  | 'payoutId'
  | 'executeSentAt'
  | 'createdAt'
>;
type Payout = { payoutId: string; requestedAt: Date; deadAt: Date | null };

const named = (ids: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(ids).filter((entry): entry is [string, string] => entry[1] !== null));

/** What payments knows of a transaction of its own: the request, each status, what was asked of Revio, and the admins' words. */
export const tellStory =
  (sql: Sql): TellStory =>
  async (id, limit) => {
    const [begun] = await sql.rows<Begun>(
      `SELECT kind, reversal, reversal_of AS "reversalOf", amount_minor AS "amountMinor", currency, request_id AS "requestId",
         traceparent, payout_id AS "payoutId", execute_sent_at AS "executeSentAt", created_at AS "createdAt"
       FROM transactions WHERE id = $1`,
      [id],
    );
    if (begun === undefined) return [];
    const timeline = await sql.rows<TimelineEntry>(
      'SELECT status, reason, at FROM timeline WHERE transaction_id = $1 ORDER BY id LIMIT $2',
      [id, limit],
    );
    const payouts = await sql.rows<Payout>(
      `SELECT payout_id AS "payoutId", requested_at AS "requestedAt", dead_at AS "deadAt" FROM payouts
       WHERE transaction_id = $1 ORDER BY requested_at LIMIT $2`,
      [id, limit],
    );
    const acts = await sql.rows<Pick<Act, 'id' | 'at' | 'actorId' | 'action'>>(
      'SELECT id, at, actor_id AS "actorId", action FROM acts WHERE transaction_id = $1 ORDER BY at LIMIT $2',
      [id, limit],
    );
    return [
      beginning(begun),
      ...timeline.map(({ status, reason, at }) =>
        line('transition', at, `${status}: ${sayStep(begun, status, reason)}`),
      ),
      ...payouts.flatMap(payoutLines),
      ...execution(begun),
      ...acts.map((act) => line('act', act.at, act.action, { act_id: act.id, actor_id: act.actorId })),
    ];
  };

const line = (
  kind: StoryLine['kind'],
  at: Date,
  text: string,
  ids: StoryLine['ids'] = {},
  trace_id: string | null = null,
): StoryLine => ({ at: at.toISOString(), kind, text, ids, trace_id });

const beginning = (begun: Begun): StoryLine =>
  line(
    'request',
    begun.createdAt,
    `A ${begun.kind} of ${formatAmount(begun.amountMinor, begun.currency)} ${begun.currency} began.`,
    named({ request_id: begun.requestId, reversal_of: begun.reversalOf }),
    begun.traceparent?.split('-')[1] ?? null,
  );

const payoutLines = ({ payoutId, requestedAt, deadAt }: Payout): StoryLine[] => [
  line('payout', requestedAt, 'A payout was made at Revio, which moves nothing yet.', { payout_id: payoutId }),
  ...(deadAt === null ? [] : [line('payout', deadAt, 'It became too old to be executed.', { payout_id: payoutId })]),
];

const execution = ({ executeSentAt, payoutId }: Begun): StoryLine[] =>
  executeSentAt === null
    ? []
    : [
        line(
          'payout',
          executeSentAt,
          'Its execution was decided: from here on money may move.',
          named({ payout_id: payoutId }),
        ),
      ];
