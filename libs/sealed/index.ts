export { open, SealBroken, seal } from './seal.ts';
export { parseSealingKeys, type SealingKeys } from './sealing-keys.ts';
