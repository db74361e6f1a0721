export type { Actor, UserActor } from './actor.ts';
export { signInternalToken } from './internal-token.ts';
export { internalTokenFor } from './internal-token-for.ts';
export {
  actorOf,
  requireAdmin,
  requireInternal,
  requireService,
  requireStaff,
  requireUser,
} from './require-internal.ts';
