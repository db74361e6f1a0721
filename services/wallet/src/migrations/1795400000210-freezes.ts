import type { MigrationInterface, QueryRunner } from 'typeorm';
import { leasesSchema } from '#libs/db';

export class Freezes1795400000210 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Both owner columns null: everything is frozen. A released freeze stays as the record of who did what.
      CREATE TABLE freezes (
        id uuid PRIMARY KEY,
        user_id uuid,
        currency char(3),
        reason text NOT NULL,
        frozen_by text NOT NULL,
        frozen_at timestamptz NOT NULL,
        release_proposed_by text,
        release_proposed_at timestamptz,
        released_by text,
        released_at timestamptz,
        CONSTRAINT freezes_owner_whole CHECK ((user_id IS NULL) = (currency IS NULL)),
        CONSTRAINT freezes_proposal_whole CHECK ((release_proposed_by IS NULL) = (release_proposed_at IS NULL)),
        CONSTRAINT freezes_release_whole CHECK ((released_by IS NULL) = (released_at IS NULL)),
        CONSTRAINT freezes_released_by_another CHECK (
          released_by IS NULL OR (release_proposed_by IS NOT NULL AND released_by <> release_proposed_by))
      );
      CREATE UNIQUE INDEX freezes_one_per_wallet ON freezes (user_id, currency) NULLS NOT DISTINCT WHERE released_at IS NULL;

      -- What makes it two people: a release needs a proposal that was committed before it, and neither is ever rewritten.
      CREATE FUNCTION keep_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF OLD.released_at IS NOT NULL OR (OLD.release_proposed_by IS NULL) = (NEW.released_by IS NOT NULL)
          OR (OLD.release_proposed_by IS NOT NULL AND (OLD.release_proposed_by, OLD.release_proposed_at)
            IS DISTINCT FROM (NEW.release_proposed_by, NEW.release_proposed_at)) THEN
          RAISE EXCEPTION 'a freeze is proposed for release once, and then released once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'freezes_two_steps';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER freezes_two_steps BEFORE UPDATE ON freezes FOR EACH ROW EXECUTE FUNCTION keep_freeze();

      -- The wallet's own mark is written here and by nobody else: the service's role has no right to it, so it cannot lift a freeze.
      CREATE FUNCTION mark_frozen_wallet() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public AS $$
      BEGIN
        UPDATE wallets SET frozen_at = CASE WHEN NEW.released_at IS NULL THEN NEW.frozen_at END
        WHERE user_id = NEW.user_id AND currency = NEW.currency;
        RETURN NULL;
      END $$;
      CREATE TRIGGER freezes_mark_wallet AFTER INSERT OR UPDATE ON freezes FOR EACH ROW EXECUTE FUNCTION mark_frozen_wallet();

      ${leasesSchema};

      GRANT SELECT, INSERT ON freezes TO wallet_service;
      GRANT UPDATE (release_proposed_by, release_proposed_at, released_by, released_at) ON freezes TO wallet_service;
      GRANT SELECT, INSERT, UPDATE ON leases TO wallet_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
