import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Conservation1795483000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What Revio's own words say has moved, one row per object and direction: the provider's side of I9. Written with the conclusion
      -- from the observation, and never changed.
      CREATE TABLE provider_movements (
        object_id text NOT NULL,
        kind text NOT NULL,
        place_id text NOT NULL,
        currency text NOT NULL,
        amount_minor bigint NOT NULL,
        noted_at timestamptz NOT NULL,
        -- Which transaction wrote it: what makes a cursor over it safe (ADR 14). 0 is older than any.
        written_by bigint NOT NULL DEFAULT 0,
        CONSTRAINT provider_movements_pkey PRIMARY KEY (object_id, kind),
        CONSTRAINT provider_movements_kind_known CHECK (kind IN ('credit', 'settlement', 'reversal', 'payout-return'))
      );
      INSERT INTO provider_movements (object_id, kind, place_id, currency, amount_minor, noted_at)
        SELECT object_id, 'credit', object_id, evidence #>> '{payment,currency}', (evidence #>> '{payment,amount_minor}')::bigint, decided_at
        FROM verdicts WHERE slot = 'credit' AND evidence #>> '{payment,amount_minor}' IS NOT NULL
        UNION ALL
        SELECT object_id, 'settlement', object_id, evidence ->> 'currency', (evidence ->> 'amount_minor')::bigint, decided_at
        FROM verdicts WHERE slot = 'payout' AND outcome = 'settled' AND evidence ->> 'status' = 'success'
        UNION ALL
        SELECT source_id, 'reversal', object_id, evidence ->> 'currency', (evidence ->> 'amount_minor')::bigint, decided_at
        FROM verdicts WHERE slot = 'reversal' AND evidence ->> 'object_type' = 'payment'
        UNION ALL
        SELECT object_id, 'payout-return', object_id, evidence ->> 'currency', (evidence ->> 'amount_minor')::bigint, decided_at
        FROM verdicts WHERE slot = 'return' AND evidence ->> 'object_type' = 'payout';
      ALTER TABLE provider_movements ALTER COLUMN written_by SET DEFAULT ((pg_current_xact_id())::text)::bigint;
      CREATE INDEX provider_movements_feed ON provider_movements (written_by, object_id, kind);

      -- Where the ledger and Revio did not agree when they were compared; gone as soon as they do.
      CREATE TABLE differences (
        kind text NOT NULL,
        source_id text NOT NULL,
        state text NOT NULL,
        found jsonb NOT NULL,
        first_seen_at timestamptz NOT NULL,
        look_at timestamptz NOT NULL,
        told_at timestamptz,
        CONSTRAINT differences_pkey PRIMARY KEY (kind, source_id),
        CONSTRAINT differences_state_known CHECK (state IN ('doubted', 'explained', 'broken'))
      );
      CREATE INDEX differences_due ON differences (look_at);

      CREATE TABLE feed_cursors (
        feed text NOT NULL,
        cursor text NOT NULL,
        CONSTRAINT feed_cursors_pkey PRIMARY KEY (feed)
      );

      CREATE INDEX cases_transaction ON cases (transaction_id) WHERE transaction_id IS NOT NULL;
      CREATE INDEX cases_object ON cases (object_id) WHERE object_id IS NOT NULL;

      GRANT SELECT, INSERT ON provider_movements TO reconciler_service;
      GRANT SELECT, INSERT, UPDATE, DELETE ON differences TO reconciler_service;
      GRANT SELECT, INSERT, UPDATE ON feed_cursors TO reconciler_service;

      -- Cases that explain a difference: people look at them, or two of them have ended them. A debt is no difference, and a broken
      -- promise does not explain itself.
      CREATE VIEW audit.explaining_cases AS
        SELECT id::text AS case_id, cause, transaction_id AS op_id, object_id
        FROM cases
        WHERE cause NOT IN ('user_in_debt', 'invariant_broken')
          AND (status IN ('open', 'in_review')
            OR EXISTS (SELECT FROM proposals WHERE case_id = cases.id AND state = 'executed'));
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
