import type { MigrationInterface, QueryRunner } from 'typeorm';
import { storySchema } from '#libs/messaging';

export class GatewayStory1795523000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(storySchema);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
