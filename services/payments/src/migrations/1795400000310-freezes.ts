import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaymentsFreezes1795400000310 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What the wallet told; both owner columns null: everything is frozen. A lifted one stays, because its news may come twice or late.
      CREATE TABLE freezes (
        id uuid PRIMARY KEY,
        user_id uuid,
        currency char(3),
        lifted boolean NOT NULL,
        CONSTRAINT freezes_owner_whole CHECK ((user_id IS NULL) = (currency IS NULL))
      );
      CREATE INDEX freezes_in_force ON freezes (user_id, currency) WHERE NOT lifted;

      GRANT SELECT, INSERT ON freezes TO payments_service;
      GRANT UPDATE (lifted) ON freezes TO payments_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
