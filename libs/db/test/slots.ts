import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Slots1763800000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE slots (
        id text CONSTRAINT slots_pkey PRIMARY KEY,
        place text,
        note text NOT NULL
      );
      CREATE UNIQUE INDEX slots_place_key ON slots (place) WHERE place IS NOT NULL;
    `);
  }
  async down(): Promise<void> {}
}
