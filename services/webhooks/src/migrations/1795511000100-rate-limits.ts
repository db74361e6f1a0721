import type { MigrationInterface, QueryRunner } from 'typeorm';
import { rateLimitsSchema } from '#libs/rate-limits';

export class RateLimits1795511000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${rateLimitsSchema};
      GRANT SELECT, INSERT, UPDATE ON rate_limits TO webhooks_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
