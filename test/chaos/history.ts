/** What a client got for one try of a request. */
export type Answer =
  /** 2xx: it has happened, as the operation with this id. */
  | { result: 'ok'; id: string }
  /** A refusal that is final: it has not happened. */
  | { result: 'fail'; code: string }
  /** No answer, or one that says "later": it may have happened or not. */
  | { result: 'info'; why: string };

/** One thing that a user asked for, however often it was sent. */
export type Request = {
  what: 'deposit' | 'withdrawal' | 'cancel';
  /** By which its effects are known: an amount that no other request of the run has; of a cancellation, the withdrawal. */
  subject: string;
  answers: Answer[];
};

/** One thing that happened, as the books say. */
export type Effect = {
  what: Request['what'];
  subject: string;
  id: string;
  /** Whether it is more than the record of a refusal: something was held, credited, or may still be. */
  counts: boolean;
};

export type HistoryViolation = { rule: string; subject: string; detail: string };

const rules = {
  lost: 'every 2xx happened',
  twice: 'nothing that was asked for once happened twice',
  other: 'every 2xx names what happened',
  both: 'a request has one outcome',
  refused: 'no 4xx happened',
  unasked: 'nothing happened that nobody asked for',
} as const;

/**
 * Compares what clients were told with what happened: every 2xx exactly once, every 4xx not at all, what was never answered at most
 * once. Only for a system at rest: what is under way has not happened yet.
 */
export function checkHistory(requests: readonly Request[], effects: readonly Effect[]): HistoryViolation[] {
  const bySubject = new Map<string, Effect[]>();
  for (const effect of effects) bySubject.set(nameOf(effect), [...(bySubject.get(nameOf(effect)) ?? []), effect]);
  const asked = new Set(requests.map(nameOf));
  const unasked = effects.filter((effect) => effect.counts && !asked.has(nameOf(effect)));
  return [
    ...requests.flatMap((request) => judge(request, bySubject.get(nameOf(request)) ?? [])),
    ...unasked.map((effect) => ({ rule: rules.unasked, subject: nameOf(effect), detail: effect.id })),
  ];
}

const nameOf = ({ what, subject }: { what: string; subject: string }): string => `${what} ${subject}`;

function judge(request: Request, effects: readonly Effect[]): HistoryViolation[] {
  const found: HistoryViolation[] = [];
  const say = (rule: string, detail: string) => found.push({ rule, subject: nameOf(request), detail });
  const ids = new Set(request.answers.flatMap((answer) => (answer.result === 'ok' ? answer.id : [])));
  const refusals = new Set(request.answers.flatMap((answer) => (answer.result === 'fail' ? answer.code : [])));
  const happened = effects.map(({ id }) => id);

  if (effects.length > 1) say(rules.twice, happened.join(', '));
  if (ids.size + refusals.size > 1) say(rules.both, [...ids, ...refusals].join(', '));
  if (ids.size > 0 && effects.length === 0) say(rules.lost, [...ids].join(', '));
  for (const id of ids) if (effects.length > 0 && !happened.includes(id)) say(rules.other, `${id}, not ${happened}`);
  if (ids.size === 0 && refusals.size > 0) {
    const counting = effects.filter(({ counts }) => counts);
    if (counting.length > 0) say(rules.refused, `${[...refusals]}, yet ${counting.map(({ id }) => id)}`);
  }
  return found;
}
