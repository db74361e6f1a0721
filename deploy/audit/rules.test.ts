import { describe, expect, test } from 'vitest';
import type { Books } from './books.ts';
import { audit, ruleNames } from './rules.ts';

/** A deposit of 150.00, a withdrawal of 60.00 that settled and one of 20.00 that the bank refused. */
const honest = (): Books => {
  const available = 'wallet:w:available';
  const held = 'wallet:w:held';
  const clearing = 'revio:clearing:ZAR';
  const posting = (tx_id: string, from: string, to: string, amount_minor: bigint) => [
    { tx_id, account_id: from, currency: 'ZAR', amount_minor: -amount_minor },
    { tx_id, account_id: to, currency: 'ZAR', amount_minor },
  ];
  return {
    entries: [
      ...posting('p1', clearing, available, 15000n),
      ...posting('p2', available, held, 6000n),
      ...posting('p3', held, clearing, 6000n),
      ...posting('p4', available, held, 2000n),
      ...posting('p5', held, available, 2000n),
    ],
    accounts: [
      { account_id: available, kind: 'user_available', currency: 'ZAR', balance_minor: 9000n, may_go_negative: false },
      { account_id: held, kind: 'user_held', currency: 'ZAR', balance_minor: 0n, may_go_negative: false },
      {
        account_id: clearing,
        kind: 'provider_clearing',
        currency: 'ZAR',
        balance_minor: -9000n,
        may_go_negative: true,
      },
    ],
    op_txs: [
      { op_id: 'dep_1', tx_id: 'p1', effect: 'credit' },
      { op_id: 'wd_1', tx_id: 'p2', effect: 'hold' },
      { op_id: 'wd_1', tx_id: 'p3', effect: 'settle' },
      { op_id: 'wd_2', tx_id: 'p4', effect: 'hold' },
      { op_id: 'wd_2', tx_id: 'p5', effect: 'release' },
    ],
    operations: [
      { op_id: 'dep_1', kind: 'deposit', currency: 'ZAR', amount_minor: 15000n, status: 'completed', terminal: true },
      { op_id: 'wd_1', kind: 'withdrawal', currency: 'ZAR', amount_minor: 6000n, status: 'completed', terminal: true },
      { op_id: 'wd_2', kind: 'withdrawal', currency: 'ZAR', amount_minor: 2000n, status: 'failed', terminal: true },
    ],
    outbox: [{ service: 'wallet', message_id: 'm1', published_at: new Date() }],
    explaining_cases: [],
    provider: [
      { object_id: 'P1', kind: 'purchase', reference: 'dep_1', currency: 'ZAR', amount_minor: 15000n, status: 'paid' },
      { object_id: 'O1', kind: 'payout', reference: 'wd_1', currency: 'ZAR', amount_minor: 6000n, status: 'success' },
      { object_id: 'O2', kind: 'payout', reference: 'wd_2', currency: 'ZAR', amount_minor: 2000n, status: 'error' },
    ],
  };
};

test('a payout that came back before anybody read it was released, and nobody is paid twice', () => {
  const books = honest();
  first(books.provider, (r) => r.object_id === 'O2').status = 'reversed';
  expect(audit(books, { atRest: true })).toEqual([]);
});

test('honest books break no rule', () => {
  expect(audit(honest(), { atRest: true })).toEqual([]);
});

type Lie = [name: string, tell: (books: Books) => void, rule: RegExp];
const first = <T>(rows: T[], which: (row: T) => boolean): T => {
  const row = rows.find(which);
  if (!row) throw new Error('the honest books have no such row');
  return row;
};
const lies: Lie[] = [
  [
    'an adjustment that was approved and never posted, called completed',
    ({ operations }) =>
      operations.push({
        op_id: 'adj_1',
        kind: 'adjustment',
        currency: 'ZAR',
        amount_minor: 500n,
        status: 'completed',
        terminal: true,
      }),
    /I6/,
  ],
  [
    'an entry changed',
    (b) => {
      first(b.entries, (e) => e.tx_id === 'p1').amount_minor += 1n;
    },
    /I1/,
  ],
  [
    'a balance changed',
    (b) => {
      first(b.accounts, (a) => a.kind === 'user_available').balance_minor += 1n;
    },
    /I2/,
  ],
  [
    'an account without entries',
    (b) => {
      b.accounts.push({
        account_id: 'x',
        kind: 'user_held',
        currency: 'ZAR',
        balance_minor: 1n,
        may_go_negative: false,
      });
    },
    /I2/,
  ],
  [
    'a negative balance',
    (b) => {
      first(b.accounts, (a) => a.kind === 'user_held').balance_minor = -1n;
    },
    /I3/,
  ],
  [
    'posted and voided',
    (b) => {
      b.op_txs.push({ op_id: 'wd_1', tx_id: 'p5', effect: 'release' });
    },
    /I4 I5/,
  ],
  [
    'released, yet paid out',
    (b) => {
      first(b.provider, (r) => r.object_id === 'O2').status = 'success';
    },
    /I8/,
  ],
  [
    'released while undecided',
    (b) => {
      first(b.provider, (r) => r.object_id === 'O2').status = 'pending';
    },
    /I8/,
  ],
  [
    'paid out twice',
    (b) => {
      b.provider.push({ ...first(b.provider, (r) => r.object_id === 'O1'), object_id: 'O3' });
    },
    /twice/,
  ],
  [
    'an operation that hangs',
    (b) => {
      Object.assign(
        first(b.operations, (o) => o.op_id === 'wd_2'),
        { status: 'pending', terminal: false },
      );
    },
    /terminal/,
  ],
  [
    'completed without credit',
    (b) => {
      b.op_txs = b.op_txs.filter((t) => t.effect !== 'credit');
    },
    /I6/,
  ],
  [
    'failed, yet settled',
    (b) => {
      first(b.operations, (o) => o.op_id === 'wd_1').status = 'failed';
    },
    /I6/,
  ],
  [
    'a hold left behind',
    (b) => {
      b.op_txs = b.op_txs.filter((t) => t.effect !== 'release');
    },
    /I4 every/,
  ],
  [
    'a message left behind',
    (b) => {
      first(b.outbox, () => true).published_at = null;
    },
    /I7/,
  ],
  [
    'paid at Revio, not credited',
    (b) => {
      b.provider.push({ ...first(b.provider, (r) => r.object_id === 'P1'), object_id: 'P2', reference: 'dep_2' });
    },
    /I9 per deposit/,
  ],
  [
    'credited, not paid at Revio',
    (b) => {
      first(b.provider, (r) => r.object_id === 'P1').status = 'created';
    },
    /I9 per deposit/,
  ],
  [
    'refunded, not reversed',
    (b) => {
      b.provider.push({
        object_id: 'R1',
        kind: 'refund',
        reference: 'dep_1',
        currency: 'ZAR',
        amount_minor: 5000n,
        status: 'success',
      });
    },
    /I9 per deposit/,
  ],
  [
    'paid out and come back, settled and never returned',
    (b) => {
      first(b.provider, (r) => r.object_id === 'O1').status = 'reversed';
    },
    /I9 per withdrawal/,
  ],
  [
    'released, yet paid out',
    (b) => {
      first(b.provider, (r) => r.object_id === 'O2').status = 'success';
    },
    /I8/,
  ],
  [
    'settled, not paid out',
    (b) => {
      first(b.provider, (r) => r.object_id === 'O1').status = 'error';
    },
    /I9 per withdrawal/,
  ],
];

test.each(lies)('%s is named', (_name, tell, rule) => {
  const books = honest();
  tell(books);
  expect(audit(books, { atRest: true }).map((v) => v.rule)).toContainEqual(expect.stringMatching(rule));
});

test('R5: without Revio’s truth the books alone are judged: what needs it is left out, and nothing else', () => {
  const alone = { ...honest(), provider: [] };
  const options = { atRest: true, withoutRevio: true };
  expect(audit(alone, { atRest: true })).not.toEqual([]);
  expect(audit(alone, options)).toEqual([]);
  first(alone.entries, () => true).amount_minor += 1n;
  expect(audit(alone, options).map(({ rule }) => rule)).toContainEqual(expect.stringMatching(/^I1/));
  const left = ruleNames({ atRest: true }).filter((rule) => !ruleNames(options).includes(rule));
  expect(left.map((rule) => rule.slice(0, 13))).toEqual([
    'I8 no hold is',
    'no withdrawal',
    'I9 per deposi',
    'I9 per withdr',
  ]);
});

describe('I9: a case explains a difference', () => {
  const about = (op_id: string | null, object_id: string | null) => ({
    ...{ case_id: 'c', cause: 'amount_mismatch' },
    ...{ op_id, object_id },
  });
  const paidTwice = () => {
    const books = honest();
    books.provider.push({ ...first(books.provider, (r) => r.object_id === 'P1'), object_id: 'P2', reference: 'dep_2' });
    return books;
  };

  test.each([about('dep_2', null), about(null, 'P2')])('by the operation or by the object: %o', (explaining) => {
    const books = { ...paidTwice(), explaining_cases: [explaining] };
    expect(audit(books, { atRest: true })).toEqual([]);
    expect(audit(books, { atRest: true, casesExplain: false })).toMatchObject([{ subject: 'dep_2' }]);
  });

  test('of its own operation only, and no other broken promise', () => {
    const books = { ...paidTwice(), explaining_cases: [about('dep_1', 'P1'), about(null, null)] };
    expect(audit(books, { atRest: true })).toMatchObject([{ subject: 'dep_2' }]);
    const released = { ...honest(), explaining_cases: [about('wd_2', 'O2')] };
    first(released.provider, (r) => r.object_id === 'O2').status = 'success';
    expect(audit(released, { atRest: true }).map(({ rule }) => rule)).toEqual([expect.stringContaining('I8')]);
  });
});
