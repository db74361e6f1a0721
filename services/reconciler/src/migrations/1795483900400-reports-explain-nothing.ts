import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReportsExplainNothing1795483900400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A case that a report opened says that two sides differ, by a statement that may be wrong itself. It must not keep the check of
      -- I9 from freezing the wallet whose money really differs.
      CREATE OR REPLACE VIEW audit.explaining_cases AS
        SELECT id::text AS case_id, cause, transaction_id AS op_id, object_id
        FROM cases
        WHERE cause NOT IN ('user_in_debt', 'invariant_broken') AND left(cause, 7) <> 'report_'
          AND (status IN ('open', 'in_review')
            OR EXISTS (SELECT FROM proposals WHERE case_id = cases.id AND state = 'executed'));
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
