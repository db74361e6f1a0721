import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { serviceNames } from '../local/databases.ts';

/** The fields of Railway's config as code that are used here, as documented; durations are numbers. */
const railwayFile = z.strictObject({
  $schema: z.literal('https://railway.com/railway.schema.json'),
  build: z.strictObject({
    builder: z.enum(['RAILPACK', 'DOCKERFILE']),
    dockerfilePath: z.string(),
    watchPatterns: z.array(z.string()),
  }),
  deploy: z.strictObject({
    startCommand: z.string(),
    healthcheckPath: z.string().startsWith('/').optional(),
    healthcheckTimeout: z.number().int().positive().optional(),
    overlapSeconds: z.number().int().nonnegative().optional(),
    drainingSeconds: z.number().int().nonnegative().optional(),
    restartPolicyType: z.enum(['ON_FAILURE', 'ALWAYS', 'NEVER']),
    restartPolicyMaxRetries: z.number().int().positive().optional(),
  }),
});

const root = path.resolve(import.meta.dirname, '../..');

test('O8: a config per service and one for the migrations, of fields that Railway knows and files that exist', () => {
  const files = fs.readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));
  expect(files.sort()).toEqual([...serviceNames, 'migrate'].map((name) => `${name}.json`).sort());
  for (const file of files) {
    const { build } = railwayFile.parse(JSON.parse(fs.readFileSync(path.join(import.meta.dirname, file), 'utf8')));
    expect(fs.existsSync(path.join(root, build.dockerfilePath)), file).toBe(true);
    for (const pattern of build.watchPatterns) {
      const fixed = pattern.replace(/\/?\*.*$/, '');
      expect(fs.existsSync(path.join(root, fixed)), `${file}: ${pattern}`).toBe(true);
    }
  }
});
