import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Users1763800000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        password_hash text NOT NULL,
        role text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT users_email_key UNIQUE (email),
        -- Uniqueness is of people, not of spellings.
        CONSTRAINT users_email_normalised CHECK (email = lower(btrim(email))),
        CONSTRAINT users_role_known CHECK (role IN ('user', 'support', 'admin'))
      );
      GRANT SELECT, INSERT ON users TO gateway_service;
      GRANT SELECT ON migrations TO gateway_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
