import type { z } from 'zod';
import type { ProblemCode } from './problem-catalogue.ts';

/** Who may ask: anybody, any user for what is theirs, support and admins, or admins alone. */
export type Access = 'public' | 'user' | 'staff' | 'admin';

/**
 * What a service says in public about one of its routes. It stands beside the route, with the very schemas that the route parses with;
 * the API description, its examples' test, the access matrix and the typed client are all made of it (`npm run generate`).
 */
export interface Operation {
  /** For good: the typed client names its method so. */
  id: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As the gateway's forward table has it, `/withdrawals/:id/cancel`; with `absolute`, outside `/api/v1`. */
  path: string;
  absolute?: true;
  tag: 'Access' | 'Wallets' | 'Transactions' | 'Bank accounts' | 'People' | 'Webhooks' | 'About';
  summary: string;
  /** Markdown. */
  description?: string;
  access: Access;
  /** What the names in the path stand for; each must be here. */
  params?: Readonly<Record<string, z.ZodType>>;
  query?: z.ZodType;
  body?: z.ZodType;
  /** `Idempotency-Key` is demanded; a repeat is answered with `Idempotent-Replayed: true`. */
  keyed?: true;
  /** `If-Match` with the `ETag` of what was read is demanded. */
  conditional?: true;
  /** By status. What every operation may answer (401, 403, 404, 400, 415, 500, 503) is added from the rest of the description. */
  answers: Readonly<Record<number, OperationAnswer>>;
  /** Refusals of its own, by code. */
  problems?: readonly ProblemCode[];
  /** At least one; each is carried out by a test against the running system. */
  examples: readonly OperationExample[];
}

interface OperationAnswer {
  description: string;
  /** Of a JSON body. */
  schema?: z.ZodType;
  /** Of another body than JSON; beside a `schema`, of several that the request chooses from, and the first one named here is what comes unasked. */
  type?: string | readonly string[];
  /** Carries an `ETag`. */
  tagged?: true;
}

/**
 * A request and what it is answered. It speaks of `samples` (libs/contracts), for which the test that carries the examples out puts the
 * real things of its running system.
 */
export interface OperationExample {
  name: string;
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  /** The status that it is answered with. */
  status: number;
  /** What is shown as the answer: of the schema's form, with every field that the real one has. */
  answer?: unknown;
}
