/** The table of rate-limiter-flexible, in the columns and the order that it writes. Unlogged: a crash begins all windows anew. */
export const rateLimitsSchema = `
  CREATE UNLOGGED TABLE rate_limits (
    key varchar(255) PRIMARY KEY,
    points integer NOT NULL DEFAULT 0,
    expire bigint
  ) WITH (fillfactor = 70)`;
