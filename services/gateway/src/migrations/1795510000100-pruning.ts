import type { MigrationInterface, QueryRunner } from 'typeorm';
import { leasesSchema } from '#libs/db';
import { pruningSchema } from '#libs/messaging';

export class GatewayPruning1795510000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${leasesSchema};
      GRANT SELECT, INSERT, UPDATE ON leases TO gateway_service;
      ${pruningSchema('gateway_service')}
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
