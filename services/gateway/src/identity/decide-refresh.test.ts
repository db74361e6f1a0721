import { expect, test } from 'vitest';
import { decideRefresh, type RefreshDecision } from './decide-refresh.ts';

const now = new Date('2026-01-01T08:00:00.000Z');
const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const live = { revokedAt: null };
const unused = { usedAt: null };

test.each<[string, RefreshDecision, Parameters<typeof decideRefresh>]>([
  ['its first use', 'rotate', [now, live, { usedAt: null, expiresAt: at(1) }, undefined]],
  ['after its end', 'refuse', [now, live, { usedAt: null, expiresAt: now }, undefined]],
  [
    'of a session that was revoked',
    'refuse',
    [now, { revokedAt: at(-1) }, { usedAt: null, expiresAt: at(1) }, undefined],
  ],
  ['again at once', 'repeat', [now, live, { usedAt: now, expiresAt: at(1) }, unused]],
  ['again within ten seconds', 'repeat', [now, live, { usedAt: at(-9.999), expiresAt: at(1) }, unused]],
  ['again after ten seconds', 'reuse', [now, live, { usedAt: at(-10), expiresAt: at(1) }, unused]],
  [
    'again by the clock of a replica that is behind',
    'repeat',
    [now, live, { usedAt: at(1), expiresAt: at(9) }, unused],
  ],
  ['again after its successor was used', 'reuse', [now, live, { usedAt: at(-1), expiresAt: at(1) }, { usedAt: now }]],
  ['again after its end', 'reuse', [now, live, { usedAt: at(-60), expiresAt: at(-1) }, unused]],
  ['again, with a successor that is gone', 'reuse', [now, live, { usedAt: at(-1), expiresAt: at(1) }, undefined]],
  [
    'again, of a session that was revoked',
    'refuse',
    [now, { revokedAt: now }, { usedAt: now, expiresAt: at(1) }, unused],
  ],
])('A1: a refresh token %s: %s', (_case, decision, given) => {
  expect(decideRefresh(...given)).toBe(decision);
});
