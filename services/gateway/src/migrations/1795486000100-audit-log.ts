import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Append-only by grant: the service may read the table and call one function, which alone writes it, as its owner. The lock in it makes
 * one chain of what any number of replicas write; it is held until the act's COMMIT, which follows at once (ADR 13).
 */
export class AuditLog1795486000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_log (
        seq bigint PRIMARY KEY,
        recorded_at timestamptz NOT NULL,
        acted_at timestamptz NOT NULL,
        source text NOT NULL,
        act_id uuid NOT NULL,
        actor_id uuid,
        action text NOT NULL,
        about text,
        address text,
        request_id text,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        -- An act that is told twice is one row.
        CONSTRAINT audit_log_act_once UNIQUE (source, act_id),
        -- No field can hold a line break, which is what parts the fields in what is hashed.
        CONSTRAINT audit_log_one_line CHECK (
          source ~ '^[a-z]{1,32}$' AND action ~ '^[a-z][a-z0-9_]{0,63}$' AND about ~ '^[A-Za-z0-9_-]{1,128}$'
          AND address ~ '^[0-9A-Fa-f.:]{2,45}$' AND request_id ~ '^[A-Za-z0-9_-]{1,64}$'
        )
      );
      CREATE INDEX audit_log_actor ON audit_log (actor_id, seq);
      CREATE INDEX audit_log_about ON audit_log (about, seq);
      CREATE INDEX audit_log_action ON audit_log (action, seq);

      CREATE FUNCTION append_audit(
        p_source text, p_act_id uuid, p_acted_at timestamptz, p_actor_id uuid, p_action text, p_about text, p_address text, p_request_id text
      ) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
      DECLARE
        now_utc timestamptz;
        last_seq bigint;
        last_hash bytea;
      BEGIN
        PERFORM pg_advisory_xact_lock(5202611222);
        IF EXISTS (SELECT 1 FROM audit_log WHERE source = p_source AND act_id = p_act_id) THEN RETURN; END IF;
        SELECT seq, hash INTO last_seq, last_hash FROM audit_log ORDER BY seq DESC LIMIT 1;
        last_seq := coalesce(last_seq, 0) + 1;
        last_hash := coalesce(last_hash, sha256(''));
        now_utc := clock_timestamp();
        INSERT INTO audit_log (
          seq, recorded_at, acted_at, source, act_id, actor_id, action, about, address, request_id, previous_hash, hash
        ) VALUES (
          last_seq, now_utc, p_acted_at, p_source, p_act_id, p_actor_id, p_action, p_about, p_address, p_request_id, last_hash,
          sha256(convert_to(array_to_string(ARRAY[
            encode(last_hash, 'hex'),
            last_seq::text,
            to_char(now_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(p_acted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            p_source, p_act_id::text, p_actor_id::text, p_action, p_about, p_address, p_request_id
          ], E'\\n', ''), 'UTF8'))
        );
      END $$;
      REVOKE ALL ON FUNCTION append_audit FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION append_audit TO gateway_service;
      GRANT SELECT ON audit_log TO gateway_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
