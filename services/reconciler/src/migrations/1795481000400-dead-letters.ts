import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DeadLetters1795481000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What some service could not process, taken out of its dead letter queue: what it was, byte for byte, and its last death. The
      -- digest stands in the key, so that two messages of one id (which is a mistake somewhere) are both kept.
      CREATE TABLE dead_letters (
        id uuid PRIMARY KEY,
        consumer text NOT NULL,
        message_id text NOT NULL,
        digest text NOT NULL,
        type text,
        correlation_id text,
        traceparent text,
        content_type text,
        content bytea NOT NULL,
        headers jsonb NOT NULL,
        state text NOT NULL,
        reason text NOT NULL,
        attempts integer NOT NULL,
        deaths integer NOT NULL,
        replays integer NOT NULL,
        first_died_at timestamptz NOT NULL,
        died_at timestamptz NOT NULL,
        note text,
        CONSTRAINT dead_letters_once UNIQUE (consumer, message_id, digest),
        CONSTRAINT dead_letters_state_known CHECK (state IN ('open', 'replayed', 'discarded')),
        CONSTRAINT dead_letters_discarded_with_reason CHECK (state <> 'discarded' OR note IS NOT NULL)
      );
      CREATE INDEX dead_letters_died ON dead_letters (died_at, id);
      CREATE INDEX dead_letters_open ON dead_letters (consumer, died_at) WHERE state = 'open';

      -- Each time one died: a delivery that is collected twice finds its id taken.
      CREATE TABLE deaths (
        id text PRIMARY KEY,
        dead_letter_id uuid NOT NULL,
        reason text NOT NULL,
        attempts integer NOT NULL,
        died_at timestamptz NOT NULL
      );
      CREATE INDEX deaths_letter ON deaths (dead_letter_id, died_at);

      CREATE TABLE replay_jobs (
        id uuid PRIMARY KEY,
        requested_by uuid NOT NULL,
        requested_at timestamptz NOT NULL,
        wanted jsonb NOT NULL,
        state text NOT NULL,
        ended_at timestamptz,
        CONSTRAINT replay_jobs_state_known CHECK (state IN ('running', 'done', 'cancelled')),
        CONSTRAINT replay_jobs_ended_with_time CHECK ((state = 'running') = (ended_at IS NULL))
      );
      CREATE INDEX replay_jobs_requested ON replay_jobs (requested_at, id);
      CREATE INDEX replay_jobs_running ON replay_jobs (requested_at) WHERE state = 'running';

      CREATE TABLE replay_items (
        job_id uuid NOT NULL,
        dead_letter_id uuid NOT NULL,
        state text NOT NULL,
        tries integer NOT NULL DEFAULT 0,
        ended_at timestamptz,
        PRIMARY KEY (job_id, dead_letter_id),
        CONSTRAINT replay_items_state_known CHECK (state IN ('waiting', 'done', 'failed', 'cancelled'))
      );
      CREATE INDEX replay_items_waiting ON replay_items (job_id) WHERE state = 'waiting';
      CREATE INDEX replay_items_letter ON replay_items (dead_letter_id);

      -- What an act is about, where it is neither a case nor a proposal.
      ALTER TABLE acts ADD COLUMN about text;
    `);
    await runner.query(`
      GRANT SELECT, INSERT ON dead_letters, deaths, replay_jobs, replay_items TO reconciler_service;
      GRANT UPDATE (state, reason, attempts, deaths, replays, died_at, headers, note) ON dead_letters TO reconciler_service;
      GRANT UPDATE (state, ended_at) ON replay_jobs TO reconciler_service;
      GRANT UPDATE (state, tries, ended_at) ON replay_items TO reconciler_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
