import { z } from 'zod';
import { type Answer, answerOf, json, notFound, parse } from './answers.ts';
import { type Control, ControlRefused } from './control.ts';
import { faultSchema } from './faults.ts';
import { ADVANCE_MS_MAX } from './limits.ts';
import { PAYOUT_PLANS } from './payout-plans.ts';
import { STATEMENT_WRONGS } from './statements.ts';
import { deliveryShape } from './webhooks.ts';

type Operation = (input: unknown) => Promise<Answer>;

const target = { id: z.string().max(100).optional(), reference: z.string().max(128).optional() };
const targetSchema = z.strictObject(target);
const nothingSchema = z.strictObject({});

/** One control call: 400 for an input of the wrong form, 409 where the state does not allow it, else 200 with the result. */
function operation<Schema extends z.ZodType>(schema: Schema, run: (input: z.output<Schema>) => unknown): Operation {
  return async (input) => {
    const parsed = parse(schema, input ?? {});
    if (!parsed.ok) return answerOf(parsed);
    try {
      return json(200, (await run(parsed.value)) ?? {});
    } catch (error) {
      if (error instanceof ControlRefused) return json(409, { code: 'refused', detail: error.message });
      throw error;
    }
  };
}

const rawWebhookSchema = z.strictObject({
  body: z.unknown(),
  key: z.enum(['webhook', 'company', 'retired', 'stranger', 'none']).optional(),
  timestamped: z.strictObject({ timestamp: z.int(), event_id: z.string().max(200) }).optional(),
  url: z.url().max(2000).optional(),
  headers: z.record(z.string().max(100), z.string().max(4000)).optional(),
});

/**
 * `/_sim/…`: how tests and demos move the world that the API only shows. No key is asked for: whoever reaches the simulator
 * may do anything, which is one reason more why it never stands where real money is.
 */
export function controlApi(
  control: Control,
): (method: string, name: string, query: URLSearchParams, input: unknown) => Promise<Answer> {
  const operations: Record<string, Operation> = {
    'POST pay': operation(z.strictObject({ ...target, amount: z.int().positive().optional() }), control.pay),
    'POST decline': operation(z.strictObject({ ...target, code: z.string().max(100).optional() }), control.decline),
    'POST expire': operation(targetSchema, control.expire),
    'POST late-pay': operation(targetSchema, control.latePay),
    'POST allow-late-pay': operation(z.strictObject({ allowed: z.boolean() }), control.allowLatePay),
    'POST refund': operation(z.strictObject({ ...target, amount: z.int().positive().optional() }), control.refund),
    'POST chargeback': operation(targetSchema, control.chargeback),
    'POST mark-as-paid': operation(targetSchema, control.markAsPaid),
    'POST payout-succeed': operation(targetSchema, control.payoutSucceed),
    'POST payout-fail': operation(targetSchema, control.payoutFail),
    'POST payout-return': operation(targetSchema, control.payoutReturn),
    'POST payout-plan': operation(
      z.strictObject({ plan: z.enum(PAYOUT_PLANS), reference: z.string().max(128).optional() }),
      control.payoutPlan,
    ),
    'POST advance': operation(z.strictObject({ ms: z.int().min(0).max(ADVANCE_MS_MAX) }), control.advance),
    'POST settled': operation(nothingSchema, control.settled),
    'POST faults': operation(faultSchema, control.faults.add),
    'POST faults/clear': operation(nothingSchema, control.faults.clear),
    'GET faults': operation(nothingSchema, control.faults.list),
    'POST pause-deliveries': operation(nothingSchema, control.pauseDeliveries),
    'POST resume-deliveries': operation(nothingSchema, control.resumeDeliveries),
    'POST rotate-key': operation(
      z.strictObject({ key: z.enum(['webhook', 'company']).default('webhook') }),
      control.rotateKey,
    ),
    'POST send-webhook': operation(rawWebhookSchema, control.sendWebhook),
    'POST webhook-url': operation(z.strictObject({ url: z.url().max(2000).nullable() }), control.webhookUrl),
    'GET truth': operation(nothingSchema, control.truth),
    'GET statement': operation(
      z.strictObject({
        from: z.coerce.number().int(),
        until: z.coerce.number().int(),
        wrong: z.enum(STATEMENT_WRONGS).optional(),
        id: target.id,
      }),
      control.statement,
    ),
    'GET objects': operation(z.strictObject({ reference: z.string().max(128) }), control.objects),
    'GET deliveries': operation(z.strictObject({ id: z.string().max(100).optional() }), ({ id }) =>
      control
        .deliveries()
        .filter(({ objectId }) => id === undefined || objectId === id)
        .map((delivery) => ({ object_id: delivery.objectId, state: delivery.state, ...deliveryShape(delivery) })),
    ),
    'GET requests': operation(nothingSchema, control.requests),
    'GET keys': operation(nothingSchema, control.keys),
  };
  return async (method, name, query, input) => {
    const run = operations[`${method} ${name}`];
    return run === undefined ? answerOf(notFound) : run(method === 'GET' ? Object.fromEntries(query) : input);
  };
}
