import type { MigrationInterface, QueryRunner } from 'typeorm';
import { leasesSchema } from '#libs/db';

export class DeliveryTrust1795392000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE webhook_logs
        ADD COLUMN signed_by text,
        ADD COLUMN event_id text,
        ADD COLUMN sent_at timestamptz,
        ADD COLUMN duplicates integer NOT NULL DEFAULT 0,
        ADD COLUMN last_duplicate_at timestamptz,
        ADD CONSTRAINT webhook_logs_signer_known CHECK (signed_by IN ('webhook', 'company', 'relay')),
        -- An event id is known by its signature only, and then it is the delivery's key: UNIQUE, as that one is.
        ADD CONSTRAINT webhook_logs_event_id_signed CHECK (event_id IS NULL OR signed_by IS NOT NULL),
        ADD CONSTRAINT webhook_logs_event_id_is_key CHECK (event_id IS NULL OR delivery_key IS NULL OR delivery_key = 'event:' || event_id);
      CREATE INDEX webhook_logs_received ON webhook_logs (received_at, id);
      CREATE INDEX webhook_logs_state ON webhook_logs (state, received_at, id);
      CREATE INDEX webhook_logs_object ON webhook_logs (object_id, received_at) WHERE object_id IS NOT NULL;
      CREATE INDEX webhook_logs_payload ON webhook_logs (received_at) WHERE payload IS NOT NULL;
      ${leasesSchema};
      GRANT UPDATE (duplicates, last_duplicate_at) ON webhook_logs TO webhooks_service;
      GRANT SELECT, INSERT, UPDATE ON leases TO webhooks_service;
    `);
    // The service's role may neither delete a row nor touch a payload. What it may do is ask for this, which never reaches into the
    // last day: whoever took the service over could not wipe away how he came in.
    await runner.query(`
      CREATE FUNCTION expire_webhook_logs(payloads timestamptz, unverified timestamptz, all_rows timestamptz, batch integer)
      RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
      DECLARE
        youngest constant timestamptz := now() - interval '1 day';
        expired integer := 0;
        counted integer;
      BEGIN
        DELETE FROM webhook_logs WHERE id IN (
          SELECT id FROM webhook_logs WHERE received_at < least(all_rows, youngest)
          ORDER BY received_at LIMIT batch FOR UPDATE SKIP LOCKED);
        GET DIAGNOSTICS counted = ROW_COUNT;
        expired := expired + counted;
        DELETE FROM webhook_logs WHERE id IN (
          SELECT id FROM webhook_logs WHERE state = 'unverified' AND received_at < least(unverified, youngest)
          ORDER BY received_at LIMIT batch FOR UPDATE SKIP LOCKED);
        GET DIAGNOSTICS counted = ROW_COUNT;
        expired := expired + counted;
        UPDATE webhook_logs SET payload = NULL WHERE id IN (
          SELECT id FROM webhook_logs WHERE payload IS NOT NULL AND received_at < least(payloads, youngest)
          ORDER BY received_at LIMIT batch FOR NO KEY UPDATE SKIP LOCKED);
        GET DIAGNOSTICS counted = ROW_COUNT;
        RETURN expired + counted;
      END $$;
      REVOKE ALL ON FUNCTION expire_webhook_logs FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION expire_webhook_logs TO webhooks_service;
    `);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
