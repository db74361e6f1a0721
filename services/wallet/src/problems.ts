import { Problem } from '#libs/http';

type Code = 'hold_conflict' | 'freeze_released' | 'not_found' | 'other_admin_needed';

const problems: Record<Code, { status: number; title: string }> = {
  hold_conflict: { status: 422, title: 'This transaction id was decided for another amount, currency or user' },
  freeze_released: { status: 409, title: 'This freeze has been lifted' },
  other_admin_needed: { status: 409, title: 'You proposed to lift it; another admin must' },
  not_found: { status: 404, title: 'There is nothing here' },
};

export const problem = (code: Code): Problem =>
  new Problem(code, problems[code].status, { title: problems[code].title });
