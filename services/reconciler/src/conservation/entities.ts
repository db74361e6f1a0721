import { EntitySchema } from 'typeorm';
import type { DifferenceRow } from './conservation-store.ts';
import type { Movement } from './movement.ts';

/** The tables as the migration leaves them (a test compares the two). What compares is SQL. */

const movementKey = { primary: true, primaryKeyConstraintName: 'provider_movements_pkey' } as const;

const movementSchema = new EntitySchema<Movement & { placeId: string; notedAt: Date; writtenBy: bigint }>({
  name: 'provider_movements',
  columns: {
    objectId: { name: 'object_id', type: 'text', ...movementKey },
    kind: { type: 'text', ...movementKey },
    placeId: { name: 'place_id', type: 'text' },
    currency: { type: 'text' },
    amountMinor: { name: 'amount_minor', type: 'bigint' },
    notedAt: { name: 'noted_at', type: 'timestamptz' },
    // The casts of the default are lost on TypeORM's way to compare it.
    writtenBy: { name: 'written_by', type: 'bigint', default: () => '((pg_current_xact_id()))' },
  },
  indices: [{ name: 'provider_movements_feed', columns: ['writtenBy', 'objectId', 'kind'] }],
  checks: [
    {
      name: 'provider_movements_kind_known',
      expression: `kind IN ('credit', 'settlement', 'reversal', 'payout-return')`,
    },
  ],
});

const differenceKey = { primary: true, primaryKeyConstraintName: 'differences_pkey' } as const;

const differenceSchema = new EntitySchema<DifferenceRow & { found: unknown; lookAt: Date }>({
  name: 'differences',
  columns: {
    kind: { type: 'text', ...differenceKey },
    sourceId: { name: 'source_id', type: 'text', ...differenceKey },
    state: { type: 'text' },
    found: { type: 'jsonb' },
    firstSeenAt: { name: 'first_seen_at', type: 'timestamptz' },
    lookAt: { name: 'look_at', type: 'timestamptz' },
    toldAt: { name: 'told_at', type: 'timestamptz', nullable: true },
  },
  indices: [{ name: 'differences_due', columns: ['lookAt'] }],
  checks: [{ name: 'differences_state_known', expression: `state IN ('doubted', 'explained', 'broken')` }],
});

const cursorSchema = new EntitySchema<{ feed: string; cursor: string }>({
  name: 'feed_cursors',
  columns: {
    feed: { type: 'text', primary: true, primaryKeyConstraintName: 'feed_cursors_pkey' },
    cursor: { type: 'text' },
  },
});

export const conservationEntities = [movementSchema, differenceSchema, cursorSchema];
