import { z } from 'zod';
import { COPIES_MAX, FAULTS_MAX, HANG_MS_MAX } from './limits.ts';

// A fault waits for its match and is used up by it. Several that match the same call are taken one per call, oldest first.

const ROUTE_FAULTS = [
  'effect_then_drop',
  'reset',
  'hang',
  '500_after_effect',
  '500',
  '429',
  'garbage',
  'garbage_after_effect',
  '404_then_exists',
  '409_after_effect',
  'webhook_before_response',
] as const;
const WEBHOOK_FAULTS = ['duplicate', 'reorder', 'delay', 'stale', 'drop', 'forge'] as const;

const count = z.union([z.int().min(1).max(1_000_000), z.literal('all')]).default(1);
/** Only what concerns this reference or this payer's e-mail; so that many stories run side by side, each with faults of its own. */
const about = z.string().min(1).max(254).optional();

const routeFaultSchema = z.strictObject({
  /** A route as `GET /_sim/requests` names it, e.g. `POST /purchases/` or `GET /payouts/{id}/`; `*` stands for anything. */
  route: z.string().min(1).max(200),
  kind: z.enum(ROUTE_FAULTS),
  count,
  about,
  /** hang: how long. */
  ms: z.int().min(0).max(HANG_MS_MAX).default(30_000),
  /** hang: whether the effect comes before the wait, after it (the cruellest: long after the caller gave up), or never. */
  effect: z.enum(['before', 'after', 'never']).default('before'),
  /** 429: the value of Retry-After. */
  seconds: z.int().min(0).max(3600).default(1),
});
const webhookFaultSchema = z.strictObject({
  /** An event type; `*` stands for anything. */
  event: z.string().min(1).max(100).default('*'),
  kind: z.enum(WEBHOOK_FAULTS),
  count,
  about,
  /** duplicate: how many identical requests are sent at once. */
  copies: z.int().min(2).max(COPIES_MAX).default(2),
  /** stale: how far `updated_on` lies in the past. */
  seconds: z.int().min(1).max(1_000_000).default(600),
  /** delay: how long it is held back, in simulated time; later events overtake it. */
  ms: z.int().min(0).max(HANG_MS_MAX).default(1_000),
});
export const faultSchema = z.union([routeFaultSchema, webhookFaultSchema]);

export type FaultInput = z.input<typeof faultSchema>;
export type RouteFault = z.output<typeof routeFaultSchema>;
type WebhookFault = z.output<typeof webhookFaultSchema>;
type Fault = RouteFault | WebhookFault;

type Names = () => readonly string[];

export type Faults = {
  add(fault: Fault): void;
  clear(): void;
  list(): readonly Fault[];
  /** `names`: the reference and the e-mail that the call or event is about, asked for only where a fault wants to know. */
  takeForRoute(route: string, names: Names): RouteFault | undefined;
  takeForWebhook(event: string, kinds: readonly WebhookFault['kind'][], names: Names): WebhookFault | undefined;
};

function matches(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const literal = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`).test(name);
}

export function createFaults(): Faults {
  let armed: Fault[] = [];

  const concerns = ({ about }: Fault, names: Names): boolean => about === undefined || names().includes(about);

  function use(fault: Fault): void {
    if (fault.count === 'all') return;
    fault.count -= 1;
    if (fault.count === 0) armed = armed.filter((other) => other !== fault);
  }

  return {
    add(fault) {
      if (armed.length >= FAULTS_MAX) throw new RangeError(`More than ${FAULTS_MAX} faults are armed.`);
      armed.push({ ...fault });
    },
    clear() {
      armed = [];
    },
    list: () => armed.map((fault) => ({ ...fault })),
    takeForRoute(route, names) {
      const found = armed.find(
        (fault): fault is RouteFault => 'route' in fault && matches(fault.route, route) && concerns(fault, names),
      );
      if (found === undefined) return undefined;
      const taken = { ...found };
      use(found);
      return taken;
    },
    takeForWebhook(event, kinds, names) {
      const found = armed.find(
        (fault): fault is WebhookFault =>
          'event' in fault && kinds.includes(fault.kind) && matches(fault.event, event) && concerns(fault, names),
      );
      if (found === undefined) return undefined;
      const taken = { ...found };
      use(found);
      return taken;
    },
  };
}
