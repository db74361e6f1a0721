import type { MemoryDatabase, Sql } from '#libs/db';
import type { ObservedMove } from './observed-move.ts';

/** What one transaction may do with what Revio moved: the door for provider truth writes them down as it sees them. */
export interface ObservedMoveTx {
  /**
   * Keeps it, or what a newer snapshot says of it; when it moved stays as it was first told. A payout that came back is kept only where
   * it had gone out before.
   */
  noteObservedMove(move: ObservedMove): Promise<void>;
}

const NOTE = `
  INSERT INTO observed_moves (kind, object_id, reference, currency, amount_minor, fee_minor, moved_at, updated_on, is_read)
  SELECT $1, $2, $3, $4, $5::bigint, $6::bigint, $7::timestamptz, $8::timestamptz, $9::boolean
  WHERE $1 <> 'payout_return' OR EXISTS (SELECT FROM observed_moves WHERE kind = 'withdrawal' AND object_id = $2)
  ON CONFLICT (kind, object_id) DO UPDATE SET
    currency = CASE WHEN excluded.updated_on >= observed_moves.updated_on THEN excluded.currency ELSE observed_moves.currency END,
    amount_minor = CASE WHEN excluded.updated_on >= observed_moves.updated_on THEN excluded.amount_minor ELSE observed_moves.amount_minor END,
    fee_minor = CASE WHEN excluded.updated_on >= observed_moves.updated_on THEN excluded.fee_minor ELSE observed_moves.fee_minor END,
    moved_at = least(observed_moves.moved_at, excluded.moved_at),
    updated_on = greatest(observed_moves.updated_on, excluded.updated_on),
    is_read = observed_moves.is_read OR excluded.is_read`;

export const postgresObservedMoves = (sql: Sql): ObservedMoveTx => ({
  noteObservedMove: async ({
    kind,
    objectId,
    reference,
    currency,
    amountMinor,
    feeMinor,
    movedAt,
    updatedOn,
    isRead,
  }) => {
    await sql.run(NOTE, [kind, objectId, reference, currency, amountMinor, feeMinor, movedAt, updatedOn, isRead]);
  },
});

export function memoryObservedMoves(
  memory: MemoryDatabase,
): ObservedMoveTx & { observedMoves(): readonly ObservedMove[] } {
  const rows = memory.table<ObservedMove>({
    key: ({ kind, objectId }) => `${kind} ${objectId}`,
    keyConstraint: 'observed_moves_pkey',
  });
  return {
    observedMoves: () => rows.all(),
    noteObservedMove: async (move) => {
      const { kind, objectId } = move;
      if (kind === 'payout_return' && rows.get(`withdrawal ${objectId}`) === undefined) return;
      const known = rows.get(`${kind} ${objectId}`);
      if (known === undefined) return rows.insert(move);
      const newest = move.updatedOn >= known.updatedOn ? move : known;
      rows.update(`${kind} ${objectId}`, {
        currency: newest.currency,
        amountMinor: newest.amountMinor,
        feeMinor: newest.feeMinor,
        movedAt: move.movedAt < known.movedAt ? move.movedAt : known.movedAt,
        updatedOn: newest.updatedOn,
        isRead: known.isRead || move.isRead,
      });
    },
  };
}
