import { z } from 'zod';
import { serviceNames } from '#libs/contracts';
import { deadLetterStates } from './dead-letter.ts';
import type { DeadLetterPlace } from './dead-letter-store.ts';

/** Summaries are small; a person reads through a few dozen. */
const pageMax = 100;
const pageDefault = 50;
/** Of one request; more than these are named by what they have in common. */
const idsMax = 500;

const word = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'Must be letters, digits, dots, dashes and underscores');
/** Without control characters and halves of characters, which no database stores. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{C}*$/u, 'Must be one line of text');

/** Each narrows it down. */
const common = {
  queue: z.enum(serviceNames).optional(),
  type: word.optional(),
  reason: text(200).optional(),
};
const state = z.enum(deadLetterStates).optional();

/** `<milliseconds>_<uuid>` of the last of the page before; opaque to whoever carries it. */
const cursor = z
  .base64url()
  .max(128)
  .transform((encoded, ctx): DeadLetterPlace => {
    const [, ms, id] = /^(\d{1,14})_([0-9a-f-]{36})$/.exec(Buffer.from(encoded, 'base64url').toString('latin1')) ?? [];
    if (ms !== undefined && id !== undefined && z.uuid().safeParse(id).success)
      return { diedAt: new Date(Number(ms)), id };
    ctx.addIssue({ code: 'custom', message: 'is none of ours' });
    return z.NEVER;
  });

export const cursorOf = ({ diedAt, id }: DeadLetterPlace): string =>
  Buffer.from(`${diedAt.getTime()}_${id}`).toString('base64url');

export const deadLettersQuery = z.strictObject({
  ...common,
  state,
  correlation_id: word.optional(),
  cursor: cursor.optional(),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/)
    .transform(Number)
    .pipe(z.number().max(pageMax))
    .default(pageDefault),
});

export const deadLetterGroupsQuery = z.strictObject({ queue: common.queue, state: state.default('open') });

const dryRun = z.boolean().default(false).meta({ description: 'Only say what it would come to.' });

export const replayBody = z.strictObject({ dry_run: dryRun }).default({ dry_run: false });

/** By ids, or all open ones that have something in common; nothing at all is not taken for everything. */
export const replaysBody = z
  .strictObject({ ...common, ids: z.array(z.uuid()).min(1).max(idsMax).optional(), dry_run: dryRun })
  .superRefine(({ ids, queue, type, reason }, ctx) => {
    const named = [queue, type, reason].some((value) => value !== undefined);
    if ((ids !== undefined) === named)
      ctx.addIssue({ code: 'custom', message: 'Must name ids, or what the messages have in common' });
  });

export const discardBody = z.strictObject({ reason: text(2_000) });
