import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReconcilerDeadLettersByTransaction1795525000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Every look-up of a transaction's story asks for its dead letters. Who waits while this is built is the collector alone, and what it
    // would write is safe in its queue.
    await runner.query(
      'CREATE INDEX dead_letters_transaction ON dead_letters (correlation_id, died_at) WHERE correlation_id IS NOT NULL',
    );
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
