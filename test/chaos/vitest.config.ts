import { defineConfig } from 'vitest/config';
import ours from '../../vitest.config.ts';

/** `npm run chaos`: no test among the others, and on servers of its own, which it may kill. */
export default defineConfig({
  resolve: ours.resolve ?? {},
  test: { root: `${import.meta.dirname}/../..`, include: ['test/chaos/chaos.run.ts'], pool: 'forks' },
});
