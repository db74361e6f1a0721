import { expect, test } from 'vitest';
import { createLogger, createReleases } from './index.ts';

const silent = createLogger({ name: 'test', level: 'silent' });

test('O2: what was opened last is released first, and one that fails does not keep the rest', async () => {
  const released: string[] = [];
  const releases = createReleases(silent);
  releases.push('database', () => void released.push('database'));
  releases.push('broker', () => Promise.reject(new Error('already gone')));
  releases.push('http', async () => void released.push('http'));
  await releases.releaseAll();
  expect(released).toEqual(['http', 'database']);
});

test('O2: releasing twice releases once, and whoever asks second waits for the first', async () => {
  const released: string[] = [];
  const releases = createReleases(silent);
  releases.push('x', async () => void released.push('x'));
  await Promise.all([releases.releaseAll(), releases.releaseAll()]);
  expect(released).toEqual(['x']);
});

test('O2: what a boot opens after the stop has begun is released too', async () => {
  const released: string[] = [];
  const releases = createReleases(silent);
  await releases.releaseAll();
  releases.push('late', () => void released.push('late'));
  await releases.releaseAll();
  expect(released).toEqual(['late']);
});
