import { readdirSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// The `#libs/…` doors straight from source, with no build first. An alias, not the `source` export condition: Vitest applies
// resolve.conditions to test files but not to globalSetup, which would silently load a stale dist/.
const alias = Object.fromEntries(
  readdirSync(`${import.meta.dirname}/libs`).map((room) => [
    `#libs/${room}`,
    `${import.meta.dirname}/libs/${room}/index.ts`,
  ]),
);

/** Half a minute and more each: one that began last would run alone at the end. The longest first. */
const longest = [
  'crash/',
  'soak/',
  'quickstart',
  'scenarios/',
  'rolling/',
  'conservation',
  'lost-answers',
  'recovery/',
];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.includes(`/test/${name}`));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

const folders = ['libs', 'services', 'test', 'deploy'];
const withServers = folders.map((folder) => `${folder}/**/*.int.test.ts`);

/** Its source maps name sources that the package does not hold: left in, each of its files fills a line of the log. */
const parser = /@actions\/workflow-parser\/.*\.js$/;
const withoutSourceMaps = {
  name: 'without-source-maps',
  load: (id: string) =>
    parser.test(id) ? readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '') : undefined,
};

export default defineConfig({
  plugins: [withoutSourceMaps],
  resolve: { alias },
  test: {
    globalSetup: './test/global-setup.ts',
    // Imports JSON as only a bundler does.
    server: { deps: { inline: [/@actions\/workflow-parser/] } },
    pool: 'forks',
    // Two cores: they wait for each other's servers half of their time. More than three only slow each other into their deadlines.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'parts', include: withServers, testTimeout: 30_000, hookTimeout: 90_000 },
      },
      {
        extends: true,
        test: {
          name: 'rules',
          include: folders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...configDefaults.exclude, ...withServers],
          // They keep nothing for one another: a process that has loaded its modules once goes on with the next file.
          isolate: false,
          testTimeout: 30_000,
        },
      },
    ],
  },
});
