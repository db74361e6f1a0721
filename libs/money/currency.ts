/**
 * The currencies that a wallet may hold, with their ISO 4217 minor-unit exponents. Revio settles in ZAR; the others are here so
 * that no rule quietly assumes two decimals.
 */
const exponents = { ZAR: 2, USD: 2, EUR: 2, GBP: 2, BWP: 2, NAD: 2, KES: 2, JPY: 0, UGX: 0, KWD: 3, TND: 3 } as const;

export type Currency = keyof typeof exponents;

export const currencies = Object.keys(exponents) as [Currency, ...Currency[]];

export const isCurrency = (raw: unknown): raw is Currency => typeof raw === 'string' && Object.hasOwn(exponents, raw);

/** Digits behind the point: 2 for ZAR, 0 for JPY, 3 for KWD. */
export const exponentOf = (currency: Currency): number => exponents[currency];
