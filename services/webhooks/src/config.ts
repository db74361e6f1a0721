import { z } from 'zod';
import { publicKeysFrom } from '#libs/revio';
import { baseConfig, count, secretKey } from '#libs/runtime';
import { parseSealingKeys } from '#libs/sealed';

/** What a parser of ours says is wrong is told; it never repeats the value. */
const parsedBy = <Out>(parse: (text: string) => Out) =>
  z.string().transform((text, ctx) => {
    try {
      return parse(text);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

export const config = z.object({
  ...baseConfig,
  INTERNAL_KEY: secretKey(),
  SEALING_KEYS: parsedBy(parseSealingKeys),
  /** Revio's public keys as PEM, all that may sign now: each registered webhook has its own, callbacks have the company's. */
  REVIO_WEBHOOK_PUBLIC_KEYS: parsedBy(publicKeysFrom),
  /** Deliveries with a bad signature that are written down, per minute and process. The rest is only counted. */
  UNVERIFIED_ROWS_PER_MINUTE: count(60),
});

export type Config = z.infer<typeof config>;
