import type { MigrationInterface, QueryRunner } from 'typeorm';
import { storySchema } from '#libs/messaging';

export class WebhooksStory1795523000500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(storySchema);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
