import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of rate-limiter-flexible, in the columns and the order that it writes. Unlogged: a crash gives everybody a new window. */
export class RateLimits1795486000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE UNLOGGED TABLE rate_limits (
        key varchar(255) PRIMARY KEY,
        points integer NOT NULL DEFAULT 0,
        expire bigint
      ) WITH (fillfactor = 70);
      CREATE INDEX rate_limits_expire ON rate_limits (expire);
      GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits TO gateway_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
