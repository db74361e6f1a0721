import { Problem } from '#libs/http';

type Code = 'hold_conflict' | 'not_found';

const problems: Record<Code, { status: number; title: string }> = {
  hold_conflict: { status: 422, title: 'This transaction id was decided for another amount, currency or user' },
  not_found: { status: 404, title: 'There is nothing here' },
};

export const problem = (code: Code): Problem =>
  new Problem(code, problems[code].status, { title: problems[code].title });
