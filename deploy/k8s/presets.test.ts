import { generateKeyPairSync, randomBytes } from 'node:crypto';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { serviceNames } from '#libs/contracts';
import { type BaseConfig, loadConfig } from '#libs/runtime';
import { refuseInsecure } from '#libs/service';
import { type Manifest, readManifests, renderOverlay } from './render-overlay.ts';

/** Development, staging and production differ by configuration alone (O5): these overlays are the presets. */
const presets = ['dev', 'staging', 'production'] as const;
const here = import.meta.dirname;
const rendered = (preset: string): Manifest[] => renderOverlay(path.join(here, 'overlays', preset));
const secretNames = (service: string): string[] =>
  Object.keys(
    readManifests(path.join(here, 'secrets.example.yaml')).find(
      ({ metadata }) => metadata.name === `piggybank-${service}`,
    )?.stringData as object,
  );
const settingsOf = (manifests: readonly Manifest[], service: string): Record<string, string> =>
  Object.assign(
    {},
    ...['piggybank', `piggybank-${service}`].map(
      (name) => manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)?.data,
    ),
  );

const pem = (type: 'private' | 'public'): string => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return type === 'private'
    ? privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    : publicKey.export({ type: 'spki', format: 'pem' }).toString();
};

/** As docs/recovery.md and .env.example say that they are made. */
function madeSecret(name: string): string {
  if (name === 'DATABASE_URL') return `postgres://service:${randomBytes(12).toString('hex')}@postgres.example.com/db`;
  if (name === 'AMQP_URL') return `amqps://service:${randomBytes(12).toString('hex')}@rabbitmq.example.com:5671`;
  if (name === 'JWT_PRIVATE_KEY') return pem('private');
  if (name === 'SEALING_KEYS') return `k1:${randomBytes(32).toString('base64')}`;
  if (name.endsWith('PUBLIC_KEYS')) return pem('public');
  if (name.startsWith('REVIO_')) return randomBytes(12).toString('hex');
  return randomBytes(32).toString('base64');
}

async function configOf(preset: string, service: string, given: Record<string, string> = {}): Promise<BaseConfig> {
  const { config } = (await import(`../../services/${service}/src/config.ts`)) as { config: z.ZodObject };
  const secrets = Object.fromEntries(secretNames(service).map((name) => [name, madeSecret(name)]));
  const environment = { ...settingsOf(rendered(preset), service), ...secrets, ...given };
  return loadConfig(config, environment) as unknown as BaseConfig;
}

test.each(presets)('O5 A8: every service of %s starts with secrets that were made for it', async (preset) => {
  for (const service of serviceNames) {
    const config = await configOf(preset, service);
    expect(config.NODE_ENV, service).toBe(preset === 'dev' ? 'development' : 'production');
    expect(() => refuseInsecure(config), service).not.toThrow();
  }
});

test.each(['staging', 'production'])('O5 A8: none of %s starts with the password of the example', async (preset) => {
  for (const service of serviceNames) {
    const config = await configOf(preset, service, { DATABASE_URL: 'postgres://x:CHANGE@postgres.example.com/db' });
    expect(() => refuseInsecure(config), service).toThrow('DATABASE_URL: must have a password of its own');
  }
});
