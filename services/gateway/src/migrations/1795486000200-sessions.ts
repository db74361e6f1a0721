import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A session is a family of refresh tokens, of which only hashes are kept. */
export class Sessions1795486000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        address text,
        user_agent text,
        -- Derives each token's successor from the token itself; without the token it derives nothing.
        successor_key bytea NOT NULL,
        revoked_at timestamptz,
        revoked_because text,
        CONSTRAINT sessions_revoked_why CHECK (
          (revoked_at IS NULL) = (revoked_because IS NULL)
          AND revoked_because IN ('logged_out', 'revoked', 'reused', 'password_changed')
        )
      );
      CREATE INDEX sessions_user ON sessions (user_id, created_at);
      CREATE INDEX sessions_expires ON sessions (expires_at);

      CREATE TABLE refresh_tokens (
        hash bytea PRIMARY KEY,
        session_id uuid NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      );
      CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

      GRANT SELECT, INSERT, DELETE ON sessions, refresh_tokens TO gateway_service;
      GRANT UPDATE (last_used_at, expires_at, revoked_at, revoked_because) ON sessions TO gateway_service;
      GRANT UPDATE (used_at) ON refresh_tokens TO gateway_service;
      GRANT UPDATE (password_hash) ON users TO gateway_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
