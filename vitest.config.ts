import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// The `#libs/…` doors straight from source, with no build first. An alias, not the `source` export condition: Vitest applies
// resolve.conditions to test files but not to globalSetup, which would silently load a stale dist/.
const alias = Object.fromEntries(
  readdirSync(`${import.meta.dirname}/libs`).map((room) => [
    `#libs/${room}`,
    `${import.meta.dirname}/libs/${room}/index.ts`,
  ]),
);

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['libs/**/*.test.ts', 'services/**/*.test.ts', 'test/**/*.test.ts', 'deploy/**/*.test.ts'],
    globalSetup: './test/global-setup.ts',
    // Imports JSON as only a bundler does.
    server: { deps: { inline: [/@actions\/workflow-parser/] } },
    pool: 'forks',
    // Two cores: more files at once only slow each other into their deadlines.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 90_000,
  },
});
