import pg from 'pg';

/** The connection was lost at COMMIT: the transaction happened or it did not. Ask by its source id before answering anybody. */
export class UnknownCommit extends Error {
  override readonly name = 'UnknownCommit';
}

/** Every attempt met another transaction. Nothing happened, and the same work may be tried later: the row is busy, not the work wrong. */
export class Contended extends Error {
  override readonly name = 'Contended';
}

/** Another transaction was first. PostgreSQL promises that these had no effect, so the work may simply be run again. */
const CONFLICTS = new Set(['40001', '40P01']);

/**
 * Connection lost (08), too many connections or no room (53), shut down (57P), a standby after a failover (25006). And our own patience
 * (see connectDatabase): a row that somebody keeps locked (55P03), a statement that takes too long (57014). On a disk that has become slow
 * every message would meet them, and would be in its dead letter queue after twenty minutes.
 */
const UNAVAILABLE_STATE = /^(08|53|57P|25006|55P03|57014)/;
const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** node-postgres gives its own failures no code. Its words are pinned by the tests that cut connections. */
const UNAVAILABLE_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (has encountered a connection error|was closed))/;

/** TypeORM wraps an error once, our own code at most twice; a cycle of causes must not hang us. */
const CAUSES_MAX = 5;

function* causes(error: unknown): Generator<Partial<Record<'code' | 'constraint' | 'message', unknown>>> {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && typeof current === 'object' && current !== null; depth++) {
    yield current;
    current = (current as { driverError?: unknown }).driverError ?? (current as { cause?: unknown }).cause;
  }
}

function stateOf(error: unknown): string | undefined {
  for (const { code } of causes(error)) if (typeof code === 'string') return code;
  return undefined;
}

export const isConflict = (error: unknown): boolean => CONFLICTS.has(stateOf(error) ?? '');

/** A statement of ours took longer than it may, and was stopped. Of a disk that is slow, or of a statement that is: the error does not tell. */
export const isStatementTimeout = (error: unknown): boolean => stateOf(error) === '57014';

/** A lock was not to be had in time, or two waited for each other and ours gave way. PostgreSQL has rolled all of it back. */
export const isLockedOut = (error: unknown): boolean => stateOf(error) === '55P03' || stateOf(error) === '40P01';

/**
 * Whether the database is down, out of reach or too busy, rather than the work wrong: try later, the same way. After an UnknownCommit, which is
 * one of them, the work may have been done.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof UnknownCommit || error instanceof Contended) return true;
  for (const { code, message } of causes(error)) {
    if (typeof code === 'string' && (UNAVAILABLE_CODES.has(code) || UNAVAILABLE_STATE.test(code))) return true;
    if (typeof message === 'string' && UNAVAILABLE_WORDS.test(message)) return true;
  }
  return false;
}

/** The name of the constraint that was violated (23505, 23514, …), in PostgreSQL and in memory alike. */
export function constraintOf(error: unknown): string | undefined {
  for (const { constraint } of causes(error)) if (typeof constraint === 'string') return constraint;
  return undefined;
}

/**
 * Whether an error that answered COMMIT proves that nothing was committed. Only an ordinary ERROR does: a session that is terminated
 * (57P, 25P03, 25P04), an error without a SQLSTATE and 40003 ("statement completion unknown") may follow a commit that is on disk.
 */
export function provesRollback(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(08|57P|25P0[34]|58|XX|40003)/.test(error.code ?? '08');
}
