import type { MigrationInterface, QueryRunner } from 'typeorm';
import { messagingSchema } from '#libs/messaging';

export class GatewayMessages1795400000110 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${messagingSchema}
      GRANT SELECT, INSERT ON outbox, inbox TO gateway_service;
      GRANT UPDATE (published_at, retry_at) ON outbox TO gateway_service;
      GRANT USAGE ON SEQUENCE outbox_id_seq TO gateway_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
