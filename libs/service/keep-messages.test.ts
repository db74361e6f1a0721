import { expect, test } from 'vitest';
import { keptDays } from './keep-messages.ts';

test('O5: what was handled is remembered at least twice as long as it can be sent again', () => {
  expect(keptDays({ OUTBOX_KEEP_DAYS: 14, INBOX_KEEP_DAYS: 28 })).toEqual({ sent: 14, received: 28 });
  expect(() => keptDays({ OUTBOX_KEEP_DAYS: 14, INBOX_KEEP_DAYS: 27 })).toThrow('INBOX_KEEP_DAYS');
});
