import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Reports1795482000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Money that moved at Revio, as its objects have told, whatever was decided upon it: one row per kind and object, with the latest
      -- word on time, amount and fee. For the reports; what I9 is held against is the first word, which never changes.
      CREATE TABLE observed_moves (
        kind text NOT NULL,
        object_id text NOT NULL,
        reference text NOT NULL,
        currency text NOT NULL,
        amount_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        moved_at timestamptz NOT NULL,
        updated_on timestamptz NOT NULL,
        is_read boolean NOT NULL,
        CONSTRAINT observed_moves_pkey PRIMARY KEY (kind, object_id),
        CONSTRAINT observed_moves_kind_known CHECK (kind IN ('deposit', 'withdrawal', 'reversal', 'payout_return'))
      );
      CREATE INDEX observed_moves_moved ON observed_moves (moved_at);

      -- What Revio wrote down of a day, as somebody imported it. The latest of a day counts; those before it stay.
      CREATE TABLE statements (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        day date NOT NULL,
        content_hash text NOT NULL,
        lines integer NOT NULL,
        imported_by uuid NOT NULL,
        imported_at timestamptz NOT NULL,
        CONSTRAINT statements_once UNIQUE (content_hash)
      );
      CREATE INDEX statements_day ON statements (day, sequence);
      CREATE TABLE statement_lines (
        statement_id uuid NOT NULL,
        line integer NOT NULL,
        kind text NOT NULL,
        object_id text NOT NULL,
        reference text NOT NULL,
        currency char(3) NOT NULL,
        gross_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        status text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT statement_lines_pkey PRIMARY KEY (statement_id, line),
        CONSTRAINT statement_lines_kind_known CHECK (kind IN ('deposit', 'withdrawal', 'reversal', 'payout_return', 'fee')),
        CONSTRAINT statement_lines_not_negative CHECK (gross_minor >= 0 AND fee_minor >= 0)
      );
      CREATE INDEX statement_lines_object ON statement_lines (object_id);

      -- A report that somebody or something wants, once per cause: the schedule, a statement, or a person's request.
      CREATE TABLE report_runs (
        id uuid PRIMARY KEY,
        day date NOT NULL,
        currency char(3) NOT NULL,
        cause text NOT NULL,
        requested_at timestamptz NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        claimed_until timestamptz,
        failure text,
        CONSTRAINT report_runs_once UNIQUE (day, currency, cause),
        CONSTRAINT report_runs_state_known CHECK (state IN ('wanted', 'done', 'failed')),
        CONSTRAINT report_runs_failed_with_reason CHECK ((state = 'failed') = (failure IS NOT NULL))
      );
      CREATE INDEX report_runs_wanted ON report_runs (requested_at) WHERE state = 'wanted';
      -- The days whose reports the schedule has asked for, whatever currencies there were.
      CREATE TABLE report_days (
        day date PRIMARY KEY,
        scheduled_at timestamptz NOT NULL
      );

      -- One report per run, for ever: who makes a second one of the same run, late or beside another, is refused here.
      CREATE TABLE reports (
        id uuid PRIMARY KEY,
        run_id uuid NOT NULL,
        day date NOT NULL,
        currency char(3) NOT NULL,
        version integer NOT NULL,
        zone text NOT NULL,
        from_at timestamptz NOT NULL,
        until_at timestamptz NOT NULL,
        taken_at timestamptz NOT NULL,
        is_final boolean NOT NULL,
        statement_id uuid,
        unread integer NOT NULL,
        totals jsonb NOT NULL,
        CONSTRAINT reports_one_per_run UNIQUE (run_id),
        CONSTRAINT reports_version_unique UNIQUE (day, currency, version)
      );
      CREATE TABLE report_items (
        report_id uuid NOT NULL,
        line integer NOT NULL,
        result text NOT NULL,
        kind text NOT NULL,
        object_id text NOT NULL,
        transaction_id text,
        reference text,
        our_currency text,
        our_minor bigint,
        our_at timestamptz,
        our_day boolean,
        their_currency text,
        their_minor bigint,
        their_status text,
        their_at timestamptz,
        their_day boolean,
        told_by text,
        difference_minor bigint NOT NULL,
        case_id uuid,
        CONSTRAINT report_items_pkey PRIMARY KEY (report_id, line),
        CONSTRAINT report_items_result_known CHECK (
          result IN ('matched', 'missing_here', 'missing_there', 'amount', 'currency', 'status', 'ours_alone'))
      );
    `);
    await runner.query(`
      -- What was decided before there was this table.
      INSERT INTO observed_moves (kind, object_id, reference, currency, amount_minor, fee_minor, moved_at, updated_on, is_read)
        SELECT CASE slot WHEN 'credit' THEN 'deposit' WHEN 'payout' THEN 'withdrawal' WHEN 'return' THEN 'payout_return'
            ELSE slot END,
          CASE slot WHEN 'reversal' THEN source_id ELSE object_id END,
          evidence ->> 'reference', coalesce(evidence -> 'payment' ->> 'currency', evidence ->> 'currency'),
          coalesce(evidence -> 'payment' ->> 'amount_minor', evidence ->> 'amount_minor')::bigint,
          coalesce(evidence -> 'payment' ->> 'fee_minor', '0')::bigint, updated_on, updated_on, evidence ->> 'source' <> 'webhook'
        FROM verdicts
        WHERE outcome IN ('settled', 'refund', 'chargeback', 'returned')
          AND coalesce(evidence -> 'payment' ->> 'amount_minor', evidence ->> 'amount_minor') IS NOT NULL
          AND (slot <> 'payout' OR evidence ->> 'status' = 'success')
        ON CONFLICT DO NOTHING;

      GRANT SELECT, INSERT, UPDATE ON observed_moves TO reconciler_service;
      GRANT SELECT, INSERT ON statements, statement_lines, report_days, reports, report_items TO reconciler_service;
      GRANT USAGE ON SEQUENCE statements_sequence_seq TO reconciler_service;
      GRANT SELECT, INSERT, UPDATE (state, attempts, claimed_until, failure) ON report_runs TO reconciler_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
