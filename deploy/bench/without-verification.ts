import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded before a webhooks service (`node --import`), it takes every signature for a right one, so that there is something to compare the
 * real one with. It stands here and not in the service: a switch that turns verification off would be one too many.
 */
crypto.verify = (() => true) as unknown as typeof crypto.verify;
syncBuiltinESMExports();
