import { z } from 'zod';
import { currencies } from '#libs/money';

/** Signed integer minor units as a decimal string: JSON has no integers beyond 2^53. */
export const minorUnits = z
  .string()
  .regex(/^-?(0|[1-9][0-9]{0,18})$/)
  .meta({ description: 'Integer minor units (cents for ZAR) as a string' });

export const currency = z.enum(currencies);

/** `dep_…`, `wd_…`, `rev_…` or `adj_…` (an adjustment) and a ULID. Of the first two, also what Revio knows as our `reference`. */
export const transactionId = z.string().regex(/^(dep|wd|rev|adj)_[0-9A-HJKMNP-TV-Z]{26}$/);

/** Ids that other systems made up: bounded, and nothing that could leave a log line or a SQL literal. */
export const foreignId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);

export const userId = z.uuid();

export const instant = z.iso.datetime({ offset: false, precision: 3 });
