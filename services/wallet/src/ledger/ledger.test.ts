import { expect, test } from 'vitest';
import {
  type Claim,
  type Credit,
  credit,
  type Hold,
  hold,
  post,
  returnPayout,
  reverse,
  voidHold,
  type Wallet,
} from './ledger.ts';

const claim: Claim = { transactionId: 'wd_1', userId: 'u', currency: 'ZAR', amountMinor: 100n };
const never = { returnedPayoutId: null, countedOn: null, limitMinor: null, leftMinor: null };
const held: Hold = { ...claim, refusal: null, settlement: null, ...never };
const wallet = (given: Partial<Wallet> = {}): Wallet => ({
  ...{ id: 'w', userId: 'u', currency: 'ZAR', version: 0n, lastHash: '', frozenAt: null },
  ...{ availableMinor: 0n, heldMinor: 0n, receivableMinor: 0n },
  ...{ countedOn: null, dayMinor: 0n, monthMinor: 0n, movedAt: null },
  ...given,
});
const credited = (given: Partial<Credit> = {}): Credit => ({
  ...{ transactionId: claim.transactionId, walletId: 'w', amountMinor: 100n, reversedMinor: 0n },
  ...given,
});
const refused = (reason: string) => ({ action: 'refuse', reason });

test('M2: a hold of exactly what is available is held, of one unit more is refused', () => {
  const moves = [{ from: 'available', to: 'held', amountMinor: 100n }];
  expect(hold(wallet({ availableMinor: 100n }), 100n)).toEqual({ action: 'move', moves });
  expect(hold(wallet({ availableMinor: 99n }), 100n)).toEqual(refused('insufficient_funds'));
});

test('M11: a frozen wallet holds nothing, however much is there', () => {
  expect(hold(wallet({ availableMinor: 1000n, frozenAt: new Date(0) }), 100n)).toEqual(refused('wallet_frozen'));
});

test('M3: a hold ends once, whichever of post and void comes first', () => {
  expect(post(held, claim).action).toBe('move');
  expect(voidHold(wallet(), held, claim, 'verdict').action).toBe('move');
  const posted: Hold = { ...held, settlement: 'post' };
  expect(post(posted, claim)).toEqual({ action: 'nothing' });
  expect(voidHold(wallet(), posted, claim, 'verdict')).toEqual(refused('already_posted'));
  const voided: Hold = { ...held, settlement: 'void' };
  expect(voidHold(wallet(), voided, claim, 'request')).toEqual({ action: 'nothing' });
  expect(post(voided, claim)).toEqual(refused('already_voided'));
});

test('a void that payments asks for buries an unknown or refused hold; a verdict about one is refused', () => {
  const never: Hold = { ...held, refusal: 'insufficient_funds' };
  expect(voidHold(wallet(), null, claim, 'request')).toEqual({ action: 'tombstone' });
  expect(voidHold(wallet(), never, claim, 'request')).toEqual({ action: 'tombstone' });
  expect(voidHold(wallet(), null, claim, 'verdict')).toEqual(refused('hold_unknown'));
  expect(voidHold(wallet(), never, claim, 'verdict')).toEqual(refused('hold_refused'));
  expect(voidHold(wallet(), { ...never, settlement: 'void' }, claim, 'request')).toEqual({ action: 'nothing' });
  expect(post(null, claim)).toEqual(refused('hold_unknown'));
  expect(post(never, claim)).toEqual(refused('hold_refused'));
});

test.each([{ amountMinor: 99n }, { userId: 'another' }, { currency: 'USD' as const }])(
  'a verdict that names another claim than the hold is refused: %o',
  (other) => {
    for (const decide of [
      post,
      (h: Hold, c: Claim) => voidHold(wallet(), h, c, 'verdict'),
      (h: Hold, c: Claim) => voidHold(wallet(), h, c, 'request'),
    ]) {
      expect(decide(held, { ...claim, ...other })).toEqual(refused('hold_mismatch'));
    }
    expect(returnPayout(wallet(), { ...held, settlement: 'post' }, { ...claim, ...other }, 'po')).toEqual(
      refused('hold_mismatch'),
    );
  },
);

test('M7: a credit repays what is owed first, at most all of it', () => {
  const arrived = { from: 'revio:clearing', to: 'available', amountMinor: 100n };
  const repaid = (amountMinor: bigint) => ({ from: 'available', to: 'receivable', amountMinor });
  expect(credit(wallet(), 100n)).toEqual({ action: 'move', moves: [arrived] });
  expect(credit(wallet({ receivableMinor: -30n }), 100n)).toEqual({ action: 'move', moves: [arrived, repaid(30n)] });
  expect(credit(wallet({ receivableMinor: -300n }), 100n)).toEqual({ action: 'move', moves: [arrived, repaid(100n)] });
});

test('M7: a void and a return repay what is owed first, as a credit does', () => {
  const indebted = wallet({ receivableMinor: -30n });
  const repaid = { from: 'available', to: 'receivable', amountMinor: 30n };
  const posted: Hold = { ...held, settlement: 'post' };
  const back = (from: string) => ({ action: 'move', moves: [{ from, to: 'available', amountMinor: 100n }, repaid] });
  expect(voidHold(indebted, held, claim, 'verdict')).toEqual(back('held'));
  expect(returnPayout(indebted, posted, claim, 'po')).toEqual(back('revio:clearing'));
});

test('M7: whoever owes something withdraws nothing, whatever is there', () => {
  expect(hold(wallet({ availableMinor: 1000n, receivableMinor: -1n }), 100n)).toEqual(refused('wallet_in_debt'));
});

test('M7: money that stood beside a debt repays it with the next that arrives', () => {
  const moves = [
    { from: 'revio:clearing', to: 'available', amountMinor: 100n },
    { from: 'available', to: 'receivable', amountMinor: 150n },
  ];
  expect(credit(wallet({ availableMinor: 50n, receivableMinor: -300n }), 100n)).toEqual({ action: 'move', moves });
});

test('M7: a reversal takes what is available, and the rest becomes a debt', () => {
  const taken = (amountMinor: bigint) => ({ from: 'available', to: 'revio:clearing', amountMinor });
  const owed = (amountMinor: bigint) => ({ from: 'receivable', to: 'revio:clearing', amountMinor });
  const reversed = (availableMinor: bigint) => reverse(wallet({ availableMinor }), credited(), claim);
  expect(reversed(100n)).toEqual({ action: 'move', moves: [taken(100n)] });
  expect(reversed(40n)).toEqual({ action: 'move', moves: [taken(40n), owed(60n)] });
  expect(reversed(0n)).toEqual({ action: 'move', moves: [owed(100n)] });
});

test('M7: a reversal waits for its credit, and never exceeds what is left of it', () => {
  expect(reverse(wallet(), null, claim)).toEqual({ action: 'park' });
  expect(reverse(wallet(), credited({ reversedMinor: 1n }), claim)).toEqual(refused('exceeds_credit'));
  expect(reverse(wallet(), credited({ walletId: 'another' }), claim)).toEqual(refused('credit_mismatch'));
  expect(reverse(wallet(), credited({ transactionId: 'dep_2' }), claim)).toEqual(refused('credit_mismatch'));
});

test('a payout comes back once, after it was posted; before that it waits', () => {
  const posted: Hold = { ...held, settlement: 'post' };
  const moves = [{ from: 'revio:clearing', to: 'available', amountMinor: 100n }];
  expect(returnPayout(wallet(), held, claim, 'po')).toEqual({ action: 'park' });
  expect(returnPayout(wallet(), posted, claim, 'po')).toEqual({ action: 'move', moves });
  expect(returnPayout(wallet(), { ...posted, returnedPayoutId: 'po' }, claim, 'po')).toEqual({ action: 'nothing' });
  expect(returnPayout(wallet(), { ...posted, returnedPayoutId: 'other' }, claim, 'po')).toEqual(
    refused('already_returned'),
  );
  expect(returnPayout(wallet(), { ...held, settlement: 'void' }, claim, 'po')).toEqual(refused('already_voided'));
  expect(returnPayout(wallet(), null, claim, 'po')).toEqual(refused('hold_unknown'));
});

test.each([0n, -1n, 10n ** 12n + 1n])('M8: an amount of %d minor units is no amount', (amountMinor) => {
  const wrong = { ...claim, amountMinor };
  expect(credit(wallet(), amountMinor)).toEqual(refused('amount_invalid'));
  expect(reverse(wallet(), credited(), wrong)).toEqual(refused('amount_invalid'));
  expect(voidHold(wallet(), null, wrong, 'request')).toEqual(refused('amount_invalid'));
});
