import type { MigrationInterface, QueryRunner } from 'typeorm';
import { pruningByPlace } from '#libs/messaging';

export class GatewayPruningByPlace1795524000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(pruningByPlace);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
