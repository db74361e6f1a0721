import { z } from 'zod';
import { baseConfig, secretKey } from '#libs/runtime';

export const config = z.object({
  ...baseConfig,
  /** Signs the internal tokens for this service; callers have it too. */
  INTERNAL_KEY: secretKey(),
});

export type Config = z.infer<typeof config>;
