/**
 * Many holds in one statement, and so in one round trip: what `hold`, `exceededLimit`, `count` and `book` say, for the one answer that nearly all
 * holds get. It accepts and never refuses: what it leaves out (no wallet yet, too little money, a limit, a freeze, an id that has its decision,
 * a wallet that somebody has locked) is for the rule in TypeScript, alone. A test holds the two against each other.
 *
 * It waits for no wallet: whoever has one locked, for a moment or because he hangs, would keep all the others waiting, whose money it is not.
 * Everything is found by key, and nothing is written that an accepted hold does not own: what makes SERIALIZABLE nearly free. A wallet may
 * be named once only.
 */

/** The text that `hashOf` hashes: `($1 …)` are the entry's own fields, the rest is the same for both lines. */
const hashOf = (
  previous: string,
  [line, account, amount, balance]: readonly [string, string, string, string],
): string =>
  `sha256(convert_to(concat_ws(E'\\n', 'v1', ${previous}, wallet_id, version, ${line}, posting_id, 'hold', transaction_id, transaction_id,
      ${account}, currency, ${amount}, ${balance}, coalesce(trace_id, ''), made), 'UTF8'))`;

const fromAvailable = ['1', `'available'`, '-amount', 'available'] as const;
const toHeld = ['2', `'held'`, 'amount', 'held'] as const;

export const PLACE_HOLDS = `
  WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::bpchar[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::text[], $9::uuid[],
      $10::text[], $11::text[])
      AS each (transaction_id, user_id, currency, amount, daily, monthly, posting_id, trace_id, message_id, envelope, traceparent)
  ), locked AS (
    SELECT asked.*, wallets.id AS wallet_id, available_minor, held_minor, receivable_minor, version AS version_before, last_hash, frozen_at,
      greatest(moved_at, $12::timestamptz) AS created_at, greatest(counted_on, $13::date) AS day, counted_on,
      counted_day_minor, counted_month_minor
    FROM asked JOIN wallets ON wallets.user_id = asked.user_id AND wallets.currency = asked.currency
    FOR UPDATE OF wallets SKIP LOCKED
  ), counted AS (
    SELECT locked.*, version_before + 1 AS version, available_minor - amount AS available, held_minor + amount AS held,
      amount + CASE WHEN counted_on = day THEN counted_day_minor ELSE 0 END AS day_minor,
      amount + CASE WHEN date_trunc('month', counted_on::timestamp) = date_trunc('month', day::timestamp)
        THEN counted_month_minor ELSE 0 END AS month_minor,
      to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS made
    FROM locked
  ), accepted AS (
    SELECT * FROM counted
    WHERE frozen_at IS NULL AND NOT EXISTS (SELECT FROM freezes WHERE user_id IS NULL AND released_at IS NULL)
      AND receivable_minor >= 0 AND available >= 0
      AND (daily IS NULL OR day_minor <= daily) AND (monthly IS NULL OR month_minor <= monthly)
  ), placed AS (
    INSERT INTO holds (transaction_id, user_id, currency, amount_minor, counted_on, decided_at)
    SELECT transaction_id, user_id, currency, amount, day, $12::timestamptz FROM accepted
    ON CONFLICT (transaction_id) DO NOTHING RETURNING transaction_id AS id
  ), booked AS (
    SELECT accepted.*, first_hash, ${hashOf(`encode(first_hash, 'hex')`, toHeld)} AS second_hash
    FROM accepted JOIN placed ON placed.id = transaction_id,
      LATERAL (SELECT ${hashOf(`encode(last_hash, 'hex')`, fromAvailable)} AS first_hash) AS first
  ), posted AS (
    INSERT INTO postings (id, kind, source_id, transaction_id, wallet_id, wallet_version, currency, amount_minor, created_at)
    SELECT posting_id, 'hold', transaction_id, transaction_id, wallet_id, version, currency, amount, created_at FROM booked
  ), entered AS (
    INSERT INTO entries (wallet_id, wallet_version, line, posting_id, account, currency, amount_minor, balance_minor, previous_hash, hash,
      trace_id, created_at)
    SELECT wallet_id, version, each.line, posting_id, each.account, currency, each.moved, each.balance, each.previous_hash, each.hash,
      trace_id, created_at
    FROM booked, LATERAL (VALUES (${fromAvailable.join(', ')}, last_hash, first_hash), (${toHeld.join(', ')}, first_hash, second_hash))
      AS each (line, account, moved, balance, previous_hash, hash)
  ), told AS (
    INSERT INTO outbox (message_id, type, envelope, traceparent)
    SELECT message_id, 'wallet.hold-placed.v1', jsonb_set(envelope::jsonb, '{data,wallet_id}', to_jsonb(wallet_id)), traceparent FROM booked
  ), moved AS (
    UPDATE wallets SET available_minor = available, held_minor = held, version = booked.version, last_hash = second_hash,
      moved_at = booked.created_at, counted_on = day, counted_day_minor = day_minor, counted_month_minor = month_minor
    FROM booked WHERE wallets.id = wallet_id AND wallets.version = version_before
    RETURNING 1
  )
  SELECT transaction_id AS "transactionId", day AS "countedOn" FROM booked
  WHERE CASE
    WHEN current_setting('transaction_isolation') <> 'serializable' THEN 'holds are placed at SERIALIZABLE isolation only'
    WHEN (SELECT count(*) FROM moved) <> (SELECT count(*) FROM booked) THEN 'holds were written in part'
    ELSE 'true' END::boolean`;
