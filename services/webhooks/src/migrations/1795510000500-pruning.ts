import type { MigrationInterface, QueryRunner } from 'typeorm';
import { pruningSchema } from '#libs/messaging';

export class WebhooksPruning1795510000500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(pruningSchema('webhooks_service'));
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
