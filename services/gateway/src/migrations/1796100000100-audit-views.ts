import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The books of messages, as each other database shows them (`audit`): what `npm run audit` looks at under I7. */
export class GatewayAuditViews1796100000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA audit;
      CREATE VIEW audit.outbox AS SELECT message_id::text, created_at, published_at FROM outbox;
      CREATE VIEW audit.inbox AS SELECT consumer, message_id::text, processed_at FROM inbox;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
