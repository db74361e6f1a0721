import { Problem } from '#libs/http';

/** Every refusal of this service; what each says stands in the catalogue of libs/http. */
type Code = 'hold_conflict' | 'freeze_released' | 'not_found' | 'other_admin_needed';

export const problem = (code: Code): Problem => new Problem(code);
