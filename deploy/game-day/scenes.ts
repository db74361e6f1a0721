import type { Scene } from './play.ts';
import { auditScenes } from './scenes/audit.ts';
import { moneyScenes } from './scenes/money.ts';
import { pipelineScenes } from './scenes/pipeline.ts';
import { providerScenes } from './scenes/provider.ts';
import { serviceScenes } from './scenes/service.ts';

/** In this order: what disturbs the others least comes first, and what leaves processes and connections behind comes last. */
export const scenes: readonly Scene[] = [
  ...moneyScenes,
  ...auditScenes,
  ...serviceScenes,
  ...providerScenes,
  ...pipelineScenes,
];

/** Alerts that no scene makes, each with the reason; its rule test shows it fire and clear all the same. */
export const leftToRuleTests: Readonly<Record<string, string>> = {};
