import type { Decision } from '../decision.ts';

export const settle: Decision = { kind: 'settle' };
export const fail = (status: 'failed' | 'expired' | 'cancelled', reason: string): Decision => ({
  kind: 'fail',
  status,
  reason,
});
export const ignore = (reason: string): Decision => ({ kind: 'ignore', reason });
export const park = (reason: string): Decision => ({ kind: 'park', reason });
export const read = (reason: string): Decision => ({ kind: 'read', reason });
export const caseOf = (cause: string, part?: string): Decision => ({
  kind: 'case',
  cause,
  ...(part === undefined ? {} : { part }),
});
