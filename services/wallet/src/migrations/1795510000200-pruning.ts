import type { MigrationInterface, QueryRunner } from 'typeorm';
import { pruningSchema } from '#libs/messaging';

export class WalletPruning1795510000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(pruningSchema('wallet_service'));
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
