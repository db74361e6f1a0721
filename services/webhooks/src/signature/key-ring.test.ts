import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createLogger } from '#libs/runtime';
import { createKeyRing, type LearnedKeys } from './key-ring.ts';

const [old, current, next] = [1, 2, 3].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
if (!old || !current || !next) throw new Error('three keys were made');
const configured = { webhook: [old], company: [], relay: [] };

/** Revio at the other end of a promise: it answers when the test says so. */
function ring({ restMs = 60_000, withRevio = true } = {}) {
  const asked: string[] = [];
  const answers: { resolve: (keys: LearnedKeys) => void; reject: (error: Error) => void }[] = [];
  const time = { ms: 0 };
  const fetchKeys = () => new Promise<LearnedKeys>((resolve, reject) => answers.push({ resolve, reject }));
  const keyRing = createKeyRing({
    configured,
    fetchKeys: withRevio ? fetchKeys : undefined,
    restMs,
    clock: { monotonicMs: () => time.ms },
    logger: createLogger({ name: 'test', level: 'silent' }),
    asked: (outcome) => asked.push(outcome),
  });
  return { keyRing, answers, asked, time };
}

test('F9: a new key of Revio’s is learned, and the configured one still signs', async () => {
  const { keyRing, answers, asked } = ring();
  const learned = keyRing.hasLearnedSince(keyRing.keys());
  answers[0]?.resolve({ webhook: [current, old] });
  expect(await learned).toBe(true);
  expect(keyRing.keys()).toEqual({ webhook: [old, current], company: [], relay: [] });
  expect(asked).toEqual(['learned']);
});

test('F9: of the learned ones the newest two sign; the configured one for as long as it is configured', async () => {
  const { keyRing, answers, time } = ring();
  const further = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  for (const key of [current, next, further]) {
    const learned = keyRing.hasLearnedSince(keyRing.keys());
    answers.at(-1)?.resolve({ webhook: [key] });
    expect(await learned).toBe(true);
    time.ms += 60_000;
  }
  expect(keyRing.keys().webhook).toEqual([old, further, next]);
});

test('A5: a thousand unknown signatures at once are one request to Revio, and for a minute no other', async () => {
  const { keyRing, answers, asked, time } = ring();
  const keys = keyRing.keys();
  const all = Array.from({ length: 1000 }, () => keyRing.hasLearnedSince(keys));
  expect(answers).toHaveLength(1);
  answers[0]?.resolve({ webhook: [old] });
  expect(new Set(await Promise.all(all))).toEqual(new Set([false]));
  time.ms = 59_999;
  expect(await keyRing.hasLearnedSince(keys)).toBe(false);
  expect(answers).toHaveLength(1);
  time.ms = 60_000;
  const again = keyRing.hasLearnedSince(keys);
  expect(answers).toHaveLength(2);
  answers[1]?.reject(new Error('Revio is down'));
  expect(await again).toBe(false);
  expect(asked).toEqual(['nothing_new', 'failed']);
});

test('A5: only fifty wait for Revio, the others are answered at once', async () => {
  const { keyRing, answers } = ring();
  const keys = keyRing.keys();
  const waiting = Array.from({ length: 50 }, () => keyRing.hasLearnedSince(keys));
  expect(await keyRing.hasLearnedSince(keys)).toBe(false);
  answers[0]?.resolve({ webhook: [current] });
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
});

test('F9: what another delivery has learned meanwhile costs no further question', async () => {
  const { keyRing, answers } = ring();
  const before = keyRing.keys();
  const learned = keyRing.hasLearnedSince(before);
  answers[0]?.resolve({ company: [current] });
  await learned;
  expect(await keyRing.hasLearnedSince(before)).toBe(true);
  expect(answers).toHaveLength(1);
});

test('W1: without access to Revio keys change by configuration alone', async () => {
  const { keyRing, answers } = ring({ withRevio: false });
  expect(await keyRing.hasLearnedSince(keyRing.keys())).toBe(false);
  expect(answers).toEqual([]);
});
