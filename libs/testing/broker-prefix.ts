import { randomBytes } from 'node:crypto';

/** An AMQP_PREFIX of a test file's own: its exchange and queues are nobody else's. */
export const amqpPrefix = (): string => `test-${randomBytes(6).toString('hex')}.`;
