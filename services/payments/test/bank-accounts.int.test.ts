import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newUuid } from '#libs/runtime';
import { addBankAccount, bankAccountsMax } from '../src/bank-account/add-bank-account.ts';
import { listBankAccounts } from '../src/bank-account/list-bank-accounts.ts';
import { get, openWorld, post, type User, type World } from './world.ts';

let world: World;
let userId: string;
beforeAll(async () => {
  world = await openWorld();
  // Connections that are open already: who still has to open one comes too late to race.
  await Promise.all(Array.from({ length: 16 }, () => world.deps.transact((tx) => tx.listBankAccounts(newUuid(), 1))));
});
afterAll(() => world?.close());
beforeEach(() => {
  userId = newUuid();
});

const account = { bankCode: '250655', bankName: 'FNB', holder: 'T Mokoena', accountNumber: '62000000001' };
const add = (change: Partial<typeof account> = {}) => addBankAccount(world.deps, { userId, ...account, ...change });
const listed = async () => (await listBankAccounts(world.deps, userId)).data;
const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);

test('M6 F1: the same bank account ten times at once → one account and ten equal answers', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => add()));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await listed()).toEqual([answers[0]]);
});

test.each([{ bankCode: '632005' }, { bankName: 'Absa' }, { holder: 'N Dlamini' }, { accountNumber: '62000000002' }])(
  'M10: with another %o it is another account',
  async (change) => {
    const both = [await add(), await add(change)];
    // In which order is open: both may be of one millisecond.
    expect((await listed()).toSorted(byId)).toEqual(both.toSorted(byId));
  },
);

test('M10: never one account too many, however many come at once; a repeat of a stored one is still answered', async () => {
  const numbers = Array.from({ length: bankAccountsMax + 5 }, (_, n) => String(62_000_001_000 + n));
  const answers = await Promise.allSettled(numbers.map((accountNumber) => add({ accountNumber })));
  const refused = answers.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(5);
  for (const answer of refused) expect(answer).toMatchObject({ reason: { code: 'too_many_bank_accounts' } });
  expect(await listed()).toHaveLength(bankAccountsMax);
  const kept = answers.findIndex(({ status }) => status === 'fulfilled');
  expect(answers[kept]).toMatchObject({ value: await add({ accountNumber: numbers[kept] ?? '' }) });
});

test('M10: adding and its repeat are both answered 201, and the list shows the account once', async () => {
  const user: User = await world.user();
  const body = { bank_code: '250655', account_number: '62000000009', account_holder: 'T Mokoena' };
  const [first, second] = [
    await post(world.app(), '/bank-accounts', user, body).expect(201),
    await post(world.app(), '/bank-accounts', user, body).expect(201),
  ];
  expect(second.body).toEqual(first.body);
  const { body: list } = await get(world.app(), '/bank-accounts', user).expect(200);
  expect(list.data).toEqual([first.body, expect.objectContaining({ id: user.bankAccountId })]);
});

test.each(['12', '620000000', '62000000001', '2506-55', 'ABSAZAJJXXXX', ''])(
  'A8 M10: the bank code "%s" is refused: it is kept as it is, and may be an account number in the wrong field',
  async (bankCode) => {
    const user: User = await world.user();
    const body = { bank_code: bankCode, account_number: '62000000009', account_holder: 'T Mokoena' };
    const { body: problem } = await post(world.app(), '/bank-accounts', user, body).expect(422);
    expect(problem.errors).toMatchObject([{ pointer: '/bank_code' }]);
    expect((await listBankAccounts(world.deps, user.id)).data).toHaveLength(1);
  },
);

test.each(['250655', '051', '51001', 'ABSAZAJJ', 'FIRNZAJJ896', '12345678A'])(
  'M10: "%s" is a bank code',
  async (bankCode) => {
    const body = { bank_code: bankCode, account_number: '62000000009', account_holder: 'T Mokoena' };
    await post(world.app(), '/bank-accounts', await world.user(), body).expect(201);
  },
);
