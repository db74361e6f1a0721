export { batchCounter, type Counted } from './batch-counter.ts';
export type { Limit } from './limit.ts';
export { rateLimitsSchema } from './schema.ts';
export { sharedCounter, type Taken } from './shared-counter.ts';
export { limitRefusal, tellLimit } from './tell-limit.ts';
