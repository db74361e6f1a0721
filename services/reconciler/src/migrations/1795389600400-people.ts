import type { MigrationInterface, QueryRunner } from 'typeorm';

export class People1795389600400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE cases
        ADD COLUMN assignee uuid,
        ADD COLUMN closed_at timestamptz,
        DROP CONSTRAINT cases_status_known,
        ADD CONSTRAINT cases_status_known CHECK (status IN ('open', 'in_review', 'resolved', 'dismissed')),
        ADD CONSTRAINT cases_closed_with_time CHECK ((closed_at IS NOT NULL) = (status IN ('resolved', 'dismissed')));

      -- What people did, in their order: a case's history and comments, and the record of every act.
      CREATE TABLE acts (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        at timestamptz NOT NULL,
        actor_id uuid NOT NULL,
        actor_role text NOT NULL,
        action text NOT NULL,
        case_id uuid,
        proposal_id text,
        note text
      );
      CREATE INDEX acts_case ON acts (case_id, sequence);

      -- What one person proposes and another decides. The content is a text that nobody can change, not even by the column: its hash is
      -- beside it, and who decides names the hash of what was read.
      CREATE TABLE proposals (
        id text PRIMARY KEY,
        kind text NOT NULL,
        case_id uuid,
        content text NOT NULL,
        content_hash text NOT NULL,
        proposed_by uuid NOT NULL,
        proposed_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        state text NOT NULL,
        decided_by uuid,
        decided_at timestamptz,
        note text,
        failure text,
        CONSTRAINT proposals_kind_known CHECK (kind IN ('adjustment', 'resolution')),
        CONSTRAINT proposals_content_unchanged CHECK (content_hash = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
        CONSTRAINT proposals_amount_positive CHECK (
          kind <> 'adjustment' OR (content::jsonb ->> 'amount_minor') ~ '^[1-9][0-9]{0,18}$'),
        CONSTRAINT proposals_state_known CHECK (state IN ('proposed', 'rejected', 'approved', 'executed', 'failed')),
        CONSTRAINT proposals_two_people CHECK (decided_by <> proposed_by),
        CONSTRAINT proposals_decided_by_somebody CHECK (
          (state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
        CONSTRAINT proposals_decided_in_time CHECK (state IN ('proposed', 'rejected') OR decided_at < expires_at),
        CONSTRAINT proposals_failed_with_reason CHECK ((state = 'failed') = (failure IS NOT NULL))
      );
      CREATE INDEX proposals_case ON proposals (case_id) WHERE case_id IS NOT NULL;
      CREATE INDEX proposals_proposed ON proposals (proposed_at);

      -- The only ways there are: whatever a statement says, a decision is made once and never made undone.
      CREATE FUNCTION guard_proposal() RETURNS trigger LANGUAGE plpgsql AS $guard$
        BEGIN
          IF TG_OP = 'INSERT' THEN
            IF NEW.state = 'proposed' THEN RETURN NEW; END IF;
          ELSIF (OLD.kind, OLD.state, NEW.state) IN (
              ('adjustment', 'proposed', 'approved'), ('adjustment', 'proposed', 'rejected'),
              ('adjustment', 'approved', 'executed'), ('adjustment', 'approved', 'failed'),
              ('resolution', 'proposed', 'executed'), ('resolution', 'proposed', 'rejected'))
            AND (NEW.id, NEW.kind, NEW.content_hash, NEW.proposed_by, NEW.expires_at)
              = (OLD.id, OLD.kind, OLD.content_hash, OLD.proposed_by, OLD.expires_at)
            AND (OLD.state = 'proposed' OR (NEW.decided_by, NEW.decided_at) = (OLD.decided_by, OLD.decided_at))
          THEN
            RETURN NEW;
          END IF;
          RAISE EXCEPTION 'a proposal is made once, decided once and ended once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_decided_once';
        END $guard$;
      CREATE TRIGGER proposals_decided_once BEFORE INSERT OR UPDATE ON proposals
        FOR EACH ROW EXECUTE FUNCTION guard_proposal();
    `);
    await runner.query(`
      GRANT UPDATE (status, assignee, closed_at) ON cases TO reconciler_service;
      GRANT SELECT, INSERT ON acts, proposals TO reconciler_service;
      GRANT USAGE ON SEQUENCE acts_sequence_seq TO reconciler_service;
      GRANT UPDATE (state, decided_by, decided_at, note, failure) ON proposals TO reconciler_service;
      CREATE VIEW audit.operations AS
        SELECT id AS op_id, kind, content::jsonb ->> 'user_id' AS user_id, (content::jsonb ->> 'currency')::char(3) AS currency,
          (content::jsonb ->> 'amount_minor')::bigint AS amount_minor,
          CASE state WHEN 'executed' THEN 'completed' WHEN 'failed' THEN 'failed' ELSE 'processing' END AS status,
          NULL AS provider_id, NULL AS idempotency_key, state <> 'approved' AS terminal,
          proposed_at AS created_at, decided_at AS updated_at
        FROM proposals WHERE kind = 'adjustment' AND state IN ('approved', 'executed', 'failed');
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
