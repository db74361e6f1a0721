import { expect, test } from 'vitest';
import { composeMail } from './compose-mail.ts';

const ended = { transaction_id: 'wd_01', kind: 'withdrawal', currency: 'ZAR', amount_minor: '6005' } as const;

test('N1: the user reads what happened, how much, and the id to ask about', () => {
  expect(composeMail({ ...ended, status: 'completed' })).toEqual({
    subject: 'Your withdrawal: completed',
    text: 'Your withdrawal of 60.05 ZAR was paid out to your bank account.\n\nTransaction wd_01\n',
  });
  expect(composeMail({ ...ended, kind: 'deposit', status: 'expired' }).text).toMatch(/was not paid in time/);
});
