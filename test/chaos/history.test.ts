import { expect, test } from 'vitest';
import { type Answer, checkHistory, type Effect, type Request } from './history.ts';

/** F1 M6: the checker of chaos runs sees what it is there to see. */
const ok = (id = 'dep_1'): Answer => ({ result: 'ok', id });
const fail = (code = 'insufficient_funds'): Answer => ({ result: 'fail', code });
const info: Answer = { result: 'info', why: 'no answer' };
const asked = (...answers: Answer[]): Request => ({ what: 'deposit', subject: '1001', answers });
const happened = (id = 'dep_1', counts = true): Effect => ({ what: 'deposit', subject: '1001', id, counts });

const broken = (request: Request, ...effects: Effect[]): string[] =>
  checkHistory([request], effects).map(({ rule }) => rule);

test.each<[string, Request, Effect[]]>([
  ['a 2xx that happened once', asked(ok()), [happened()]],
  ['the same answer to each repeat', asked(info, ok(), ok()), [happened()]],
  ['a 2xx whose operation was refused later', asked(ok()), [happened('dep_1', false)]],
  ['a 4xx that did nothing', asked(fail()), []],
  ['a 4xx that is on record as refused', asked(info, fail(), fail()), [happened('dep_1', false)]],
  ['an unanswered request that happened', asked(info), [happened()]],
  ['an unanswered request that did not', asked(info, info), []],
])('%s is right', (_, request, effects) => expect(broken(request, ...effects)).toEqual([]));

test.each<[string, Request, Effect[], string]>([
  ['a 2xx without effect', asked(info, ok()), [], 'every 2xx happened'],
  [
    'a 2xx with two effects',
    asked(ok(), ok()),
    [happened(), happened('dep_2')],
    'nothing that was asked for once happened twice',
  ],
  ['a 2xx about something else', asked(ok('dep_9')), [happened()], 'every 2xx names what happened'],
  ['a 4xx with an effect', asked(fail()), [happened()], 'no 4xx happened'],
  ['a 4xx after a lost answer, with an effect', asked(info, fail()), [happened()], 'no 4xx happened'],
  [
    'no answer and two effects',
    asked(info, info),
    [happened(), happened('dep_2')],
    'nothing that was asked for once happened twice',
  ],
  ['two answers that differ', asked(ok(), fail()), [happened()], 'a request has one outcome'],
  ['two refusals that differ', asked(fail(), fail('wallet_frozen')), [], 'a request has one outcome'],
])('%s is found', (_, request, effects, rule) => expect(broken(request, ...effects)).toEqual([rule]));

test('two answers that name two operations, both of which happened, break two rules', () => {
  const found = broken(asked(ok('dep_1'), ok('dep_2')), happened('dep_1'), happened('dep_2'));
  expect(found).toEqual(['nothing that was asked for once happened twice', 'a request has one outcome']);
});

test('what nobody asked for is found, also under the amount of another kind', () => {
  const effect: Effect = { what: 'withdrawal', subject: '1001', id: 'wd_1', counts: true };
  expect(checkHistory([asked(fail())], [effect])).toEqual([
    { rule: 'nothing happened that nobody asked for', subject: 'withdrawal 1001', detail: 'wd_1' },
  ]);
});
