import type { MigrationInterface, QueryRunner } from 'typeorm';
import { messagingSchema } from '#libs/messaging';

export class Ledger1763800000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A third of each page stays free, and no index covers what changes: updates are then HOT, and readers by key see no conflict.
      CREATE TABLE wallets (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        currency char(3) NOT NULL,
        available_minor bigint NOT NULL,
        held_minor bigint NOT NULL,
        receivable_minor bigint NOT NULL,
        version bigint NOT NULL,
        last_hash bytea NOT NULL,
        frozen_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT wallets_owner_unique UNIQUE (user_id, currency),
        CONSTRAINT wallets_available_not_negative CHECK (available_minor >= 0),
        CONSTRAINT wallets_held_not_negative CHECK (held_minor >= 0),
        CONSTRAINT wallets_receivable_not_positive CHECK (receivable_minor <= 0)
      ) WITH (fillfactor = 66);

      CREATE TABLE holds (
        transaction_id text PRIMARY KEY,
        user_id uuid NOT NULL,
        currency char(3) NOT NULL,
        amount_minor bigint NOT NULL,
        refusal text,
        settlement text,
        returned_payout_id text,
        decided_at timestamptz NOT NULL,
        settled_at timestamptz,
        CONSTRAINT holds_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT holds_refusal_known CHECK (refusal IN ('insufficient_funds', 'wallet_frozen', 'voided')),
        CONSTRAINT holds_settlement_known CHECK (settlement IN ('post', 'void')),
        CONSTRAINT holds_settled_once CHECK ((settlement IS NULL) = (settled_at IS NULL)),
        CONSTRAINT holds_refused_never_posted CHECK (refusal IS NULL OR settlement IS DISTINCT FROM 'post'),
        CONSTRAINT holds_returned_after_post CHECK (returned_payout_id IS NULL OR settlement IS NOT DISTINCT FROM 'post')
      ) WITH (fillfactor = 80);

      CREATE TABLE postings (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        source_id text NOT NULL,
        settlement text,
        reverses text,
        transaction_id text NOT NULL,
        wallet_id uuid NOT NULL,
        wallet_version bigint NOT NULL,
        currency char(3) NOT NULL,
        amount_minor bigint NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT postings_kind_source_unique UNIQUE (kind, source_id),
        CONSTRAINT postings_kind_known CHECK (kind IN ('credit', 'hold', 'settlement', 'reversal', 'payout-return')),
        CONSTRAINT postings_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT postings_settlement_known CHECK (
          CASE WHEN kind = 'settlement' THEN settlement IS NOT NULL AND settlement IN ('post', 'void') ELSE settlement IS NULL END),
        CONSTRAINT postings_reversal_names_credit CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
      );
      CREATE INDEX postings_transaction ON postings (transaction_id);
      CREATE INDEX postings_reverses ON postings (reverses) WHERE reverses IS NOT NULL;

      -- The account by its short name: the wallet's own are wallet:<wallet_id>:<account>, the others the system's, per currency.
      CREATE TABLE entries (
        wallet_id uuid NOT NULL,
        wallet_version bigint NOT NULL,
        line smallint NOT NULL,
        posting_id uuid NOT NULL,
        account text NOT NULL,
        currency char(3) NOT NULL,
        amount_minor bigint NOT NULL,
        balance_minor bigint,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        trace_id text,
        created_at timestamptz NOT NULL,
        CONSTRAINT entries_pkey PRIMARY KEY (wallet_id, wallet_version, line),
        CONSTRAINT entries_account_known CHECK (account IN ('available', 'held', 'receivable', 'revio:clearing')),
        CONSTRAINT entries_amount_not_zero CHECK (amount_minor <> 0)
      );

      CREATE TABLE parked_verdicts (
        kind text NOT NULL,
        source_id text NOT NULL,
        waits_for text NOT NULL,
        transaction_id text NOT NULL,
        user_id uuid NOT NULL,
        currency char(3) NOT NULL,
        amount_minor bigint NOT NULL,
        reversal text,
        parked_at timestamptz NOT NULL,
        CONSTRAINT parked_verdicts_pkey PRIMARY KEY (kind, source_id),
        CONSTRAINT parked_verdicts_kind_known CHECK (kind IN ('reversal', 'payout-return')),
        CONSTRAINT parked_verdicts_reversal_named CHECK ((kind = 'reversal') = (reversal IS NOT NULL))
      );
      CREATE INDEX parked_verdicts_waits_for ON parked_verdicts (waits_for);
      ${messagingSchema}
    `);
    await runner.query(`
      -- Postings and entries are append-only for the service itself: a correction is another posting.
      GRANT SELECT, INSERT ON postings, entries TO wallet_service;
      GRANT SELECT, INSERT ON wallets TO wallet_service;
      GRANT UPDATE (available_minor, held_minor, receivable_minor, version, last_hash) ON wallets TO wallet_service;
      GRANT SELECT, INSERT ON holds TO wallet_service;
      GRANT UPDATE (settlement, settled_at, returned_payout_id) ON holds TO wallet_service;
      GRANT SELECT, INSERT, DELETE ON parked_verdicts TO wallet_service;
      GRANT SELECT, INSERT, UPDATE (published_at, retry_at) ON outbox TO wallet_service;
      GRANT USAGE ON SEQUENCE outbox_id_seq TO wallet_service;
      GRANT SELECT, INSERT ON inbox TO wallet_service;
      GRANT SELECT ON migrations TO wallet_service;
    `);
    await runner.query(auditViews);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

/** The audit contract. A system account's balance is the sum of its entries; nobody keeps it anywhere. */
const auditViews = `
  CREATE SCHEMA audit;
  CREATE VIEW audit.entries AS
    SELECT wallet_id || ':' || wallet_version || ':' || line AS entry_id, posting_id::text AS tx_id,
      CASE WHEN account IN ('available', 'held', 'receivable') THEN 'wallet:' || wallet_id || ':' || account
        ELSE account || ':' || currency END AS account_id,
      currency, amount_minor, created_at
    FROM entries;
  CREATE VIEW audit.accounts AS
    SELECT 'wallet:' || id || ':' || account AS account_id, 'user_' || account AS kind, user_id::text, currency, balance_minor,
      account = 'receivable' AS may_go_negative
    FROM wallets, LATERAL (VALUES ('available', available_minor), ('held', held_minor), ('receivable', receivable_minor))
      AS each (account, balance_minor)
    UNION ALL
    SELECT account || ':' || currency, 'provider_clearing', NULL, currency,
      sum(amount_minor)::bigint, true
    FROM entries WHERE account = 'revio:clearing' GROUP BY account, currency;
  CREATE VIEW audit.op_txs AS
    SELECT transaction_id AS op_id, id::text AS tx_id,
      CASE kind WHEN 'settlement' THEN CASE settlement WHEN 'post' THEN 'settle' ELSE 'release' END
        WHEN 'reversal' THEN 'reverse' WHEN 'payout-return' THEN 'reverse' ELSE kind END AS effect
    FROM postings;
  CREATE VIEW audit.outbox AS SELECT message_id::text, created_at, published_at FROM outbox;
  CREATE VIEW audit.inbox AS SELECT consumer, message_id::text, processed_at FROM inbox;
`;
