import type { MigrationInterface, QueryRunner } from 'typeorm';
import { pruningSchema } from '#libs/messaging';

export class ReconcilerPruning1795510000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(pruningSchema('reconciler_service'));
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
