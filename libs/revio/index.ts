export { type RevioError, readErrorBody } from './error-body.ts';
export { NotRevioObject } from './not-revio-object.ts';
export { type Payment, type Payout, type Purchase, payment, payout, purchase } from './objects.ts';
export { observe, observeAbsence, type Provenance } from './observe.ts';
export { publicKeysFrom } from './public-keys.ts';
export { parseStrictJson } from './strict-json.ts';
