import { Problem } from '#libs/http';

type Code = 'hold_conflict' | 'forbidden' | 'not_found';

const problems: Record<Code, { status: number; title: string }> = {
  hold_conflict: { status: 422, title: 'This transaction id was decided for another amount, currency or user' },
  forbidden: { status: 403, title: 'The token does not permit this' },
  not_found: { status: 404, title: 'There is nothing here' },
};

export const problem = (code: Code): Problem =>
  new Problem(code, problems[code].status, { title: problems[code].title });
