export { readErrorBody } from './error-body.ts';
export { NotRevioObject } from './not-revio-object.ts';
export { payout, purchase } from './objects.ts';
export { observe, observeAbsence } from './observe.ts';
export { publicKeysFrom } from './public-keys.ts';
export { parseStrictJson } from './strict-json.ts';
