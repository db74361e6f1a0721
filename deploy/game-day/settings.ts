/**
 * What the stack is started with: the intervals of minutes and hours as seconds, as the windows of the rules are. Nothing that decides about
 * money is different, but for the last two: a payout whose call was lost becomes a case within seconds, as against Revio itself, where
 * nobody has confirmed that its window closes.
 */
export const settings = ({ gatewayPort, simulatorPort, standInUrl, revioApiKey }: Wiring): Record<string, string> => ({
  PORT: String(gatewayPort),
  SIMULATOR__PORT: String(simulatorPort),
  SIMULATOR__PUBLIC_URL: standInUrl,
  PAYMENTS__REVIO_BASE_URL: `${standInUrl}/api/v1/`,
  WEBHOOKS__REVIO_BASE_URL: `${standInUrl}/api/v1/`,
  WEBHOOKS__REVIO_API_KEY: revioApiKey,
  WEBHOOKS__REVIO_IS_TEST: 'true',
  WEBHOOKS__REVIO_KEYS_REST_MS: '500',
  // Logins are limited as in production, by the address that each person here has of its own.
  GATEWAY__RATE_LIMITS_ENFORCED: 'true',
  GATEWAY__TRUSTED_PROXIES: '1',
  GATEWAY__RATE_LIMIT_REGISTER: '100000',
  GATEWAY__RATE_LIMIT_GENERAL: '1000000',
  GATEWAY__RATE_LIMIT_WITHDRAWALS: '100000',
  GATEWAY__UPSTREAM_TIMEOUT_MS: '4000',
  GATEWAY__AUDIT_CHECK_INTERVAL_MS: '1000',
  GATEWAY__AUDIT_CHECK_FULL_EVERY: '1',
  MESSAGE_DELAYS_MS: '1000,1000,1000',
  WALLET__LEDGER_CHECK_INTERVAL_MS: '1000',
  PAYMENTS__RETRY_MIN_MS: '500',
  PAYMENTS__RETRY_MAX_MS: '2000',
  PAYMENTS__REVIO_TIMEOUT_MS: '8000',
  PAYMENTS__WITHDRAWAL_APPROVAL_ABOVE: 'ZAR:1000.00',
  RECONCILER__SWEEP_INTERVAL_MS: '1000',
  RECONCILER__DEPOSIT_READ_AFTER_MS: '2000',
  RECONCILER__EARLY_READ_STEPS_MS: '1000,2000',
  RECONCILER__READ_STEPS_MS: '2000',
  RECONCILER__READ_PAUSE_MS: '1000',
  RECONCILER__REPLAY_INTERVAL_MS: '1000',
  RECONCILER__REMATCH_INTERVAL_MS: '1000',
  RECONCILER__CONSERVATION_INTERVAL_MS: '1000',
  RECONCILER__CONSERVATION_FLOW_MAX_MS: '10000',
  RECONCILER__REPORT_INTERVAL_MS: '1000',
  RECONCILER__REPORT_PAUSE_MS: '1000',
  RECONCILER__REVIO_EXECUTE_WINDOW_ENFORCED: 'false',
  RECONCILER__REVIO_EXECUTE_WINDOW_MS: '4000',
});

interface Wiring {
  /** One of our own: 8080 may be another stack's. */
  gatewayPort: number;
  simulatorPort: number;
  standInUrl: string;
  /** The simulator's, for the service that asks it for its keys. */
  revioApiKey: string;
}
