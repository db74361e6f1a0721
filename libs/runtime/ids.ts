import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';

/** A transaction id, as users and Revio see it: `dep_`, `wd_`, `rev_` or `adj_` and a ULID, so that ids sort by the time they were made. */
export const newId = (prefix: 'dep' | 'wd' | 'rev' | 'adj'): string => `${prefix}_${ulid()}`;

/**
 * A random (version 4) UUID. Deliberately not time-ordered: keys that are looked up before an insert share one index leaf when
 * they are ordered, and SERIALIZABLE then sees conflicts where there are none (280 against 2055 transactions per second).
 */
export const newUuid = (): string => randomUUID();
