import { z } from 'zod';
import { serviceNames } from '#libs/contracts';

/** On whose behalf a call is made. */
export const actor = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('user'),
    userId: z.uuid(),
    role: z.enum(['user', 'support', 'admin']),
    /** Payments needs it for Revio; it is never logged. */
    email: z.string().min(3).max(254),
  }),
  z.strictObject({ kind: z.literal('service'), service: z.enum(serviceNames) }),
]);

export type Actor = z.infer<typeof actor>;
export type UserActor = Extract<Actor, { kind: 'user' }>;
export type ServiceActor = Extract<Actor, { kind: 'service' }>;
