import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { ConfigError, loadConfig } from '#libs/runtime';
import { serviceNames } from '../local/databases.ts';
import { type Manifest, readManifests, renderOverlay } from './render-overlay.ts';

const require = createRequire(import.meta.url);
const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const overlays = fs.readdirSync(path.join(here, 'overlays'));
const rendered = (overlay: string): Manifest[] => renderOverlay(path.join(here, 'overlays', overlay));

/** Kubernetes' own schema, as types: unlike its validators those also refuse a field that does not exist. */
function typeMistakes(manifests: readonly Manifest[]): string {
  const folder = fs.mkdtempSync(path.join(root, 'node_modules', '.manifests-'));
  try {
    const lines = manifests.flatMap(({ apiVersion, kind, ...rest }, index) => [
      `import type { I${kind} as Kind${index} } from 'kubernetes-models/${apiVersion}';`,
      `export const manifest${index}: Kind${index} = ${JSON.stringify({ apiVersion, kind, ...rest }, null, 1)};`,
    ]);
    fs.writeFileSync(path.join(folder, 'manifests.ts'), lines.join('\n'));
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      '',
    ];
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, ...options, path.join(folder, 'manifests.ts')], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout ?? error);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The values that the types leave open: forms, ranges, enumerations. */
function valueMistakes(manifests: readonly Manifest[]): string[] {
  return manifests.flatMap((manifest) => {
    const models = require(`kubernetes-models/${manifest.apiVersion}`);
    try {
      new models[manifest.kind](manifest).validate();
      return [];
    } catch (error) {
      return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`];
    }
  });
}

test('O8: each overlay is what Kubernetes’ own schema knows', () => {
  const all = overlays.flatMap(rendered);
  expect(typeMistakes(all)).toBe('');
  expect(valueMistakes(all)).toEqual([]);
});

test('O8: the check sees a field that does not exist, and a value that cannot be', () => {
  const [deployment] = rendered('dev').filter(({ kind }) => kind === 'Deployment');
  if (!deployment) throw new Error('a deployment was rendered');
  expect(typeMistakes([{ ...deployment, spec: { ...(deployment.spec as object), replica: 3 } }])).toContain('replica');
  expect(valueMistakes([{ ...deployment, spec: { selector: {} } }])).toHaveLength(1);
});

const secrets = readManifests(path.join(here, 'secrets.example.yaml'));
const dataOf = (manifests: readonly Manifest[], kind: string, name: string): Record<string, string> => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  return { ...(found?.data as object), ...(found?.stringData as object) };
};
const environmentOf = (manifests: readonly Manifest[], service: string) => ({
  ...dataOf(manifests, 'ConfigMap', 'piggybank'),
  ...dataOf(manifests, 'ConfigMap', `piggybank-${service}`),
  ...dataOf(secrets, 'Secret', `piggybank-${service}`),
});

/** What the secrets hold is not known here: that they are there is all that can be asked. */
const isAboutASecret = (mistake: string): boolean =>
  secrets.some(({ stringData }) => Object.keys(stringData as object).some((name) => mistake.startsWith(name)));

test.each(overlays)(
  'O5 A9: with the settings and secrets of %s each service starts, and gets none that it has no use for',
  async (overlay) => {
    const manifests = rendered(overlay);
    for (const service of serviceNames) {
      const { config } = (await import(`../../services/${service}/src/config.ts`)) as { config: z.ZodObject };
      const environment = environmentOf(manifests, service);
      let mistakes: string[] = [];
      try {
        loadConfig(config, environment);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        mistakes = error.mistakes.filter((mistake) => !isAboutASecret(mistake));
      }
      expect(mistakes, service).toEqual([]);
      expect(
        Object.keys(environment).filter((name) => !(name in config.shape)),
        service,
      ).toEqual([]);
    }
  },
);

test('O8: a first release applies the account that the migration job runs as together with the job, and neither a service nor its autoscaler', () => {
  const release = fs.readFileSync(path.join(here, 'release.sh'), 'utf8');
  const [, names = ''] = /apply -l 'app\.kubernetes\.io\/name in \(([a-z, ]+)\)'/.exec(release) ?? [];
  const applied = rendered('production').filter(({ metadata }) => {
    const { labels = {} } = metadata as { labels?: Record<string, string> };
    return names.split(', ').includes(labels['app.kubernetes.io/name'] ?? '');
  });
  const accounts = JSON.stringify(applied).match(/(?<="serviceAccountName":")[^"]+/g);
  const wanted = accounts?.map((name) => `ServiceAccount ${name}`) ?? [];
  expect(applied.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual(['Job migrate', ...wanted]);
});

test('O5: only a test key’s environment takes test objects, and no overlay of ours runs on the image’s default tag', () => {
  for (const overlay of overlays) {
    const manifests = rendered(overlay);
    for (const service of ['payments', 'reconciler'])
      expect(environmentOf(manifests, service)).toMatchObject({ REVIO_IS_TEST: String(overlay !== 'production') });
    expect(JSON.stringify(manifests)).not.toMatch(/"image":"[^":]+"/);
  }
});
