export type * from './api.ts';
export { type CallOptions, type ClientOptions, createClient, type Piggybank, type WaitOptions } from './client.ts';
export { type FieldError, PiggybankProblem, PiggybankUnreachable } from './problem.ts';
export type { KeptTokens } from './session.ts';
