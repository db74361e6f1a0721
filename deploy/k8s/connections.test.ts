import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { baseConfig } from '#libs/runtime';
import { serviceNames } from '../local/databases.ts';
import { connectionsWanted, type Scale } from '../local/scale.ts';
import { type Manifest, renderOverlay } from './render-overlay.ts';

const root = path.resolve(import.meta.dirname, '../..');
const page = fs.readFileSync(path.join(root, 'docs/deployment.md'), 'utf8');
const compose = fs.readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');

/** For migrations, people and tools, and the three that PostgreSQL keeps for its superuser (deploy/local/scale.ts). */
const keptForOthers = 20;
/** Those of a wallet's batches (deploy/local/scale.ts). */
const besideWallet = 4;
/** A rollout starts a replica before it stops one (`maxSurge: 1`). */
const surge = 1;

const replicasAtMost = (manifests: readonly Manifest[]): Scale =>
  Object.fromEntries(
    serviceNames.map((name) => {
      const scaler = manifests.find((one) => one.kind === 'HorizontalPodAutoscaler' && one.metadata.name === name);
      if (scaler === undefined) throw new Error(`${name} has no HorizontalPodAutoscaler`);
      return [name, (scaler.spec as { maxReplicas: number }).maxReplicas + surge];
    }),
  ) as Scale;

const poolSet = (manifests: readonly Manifest[]): Record<string, string> => {
  const settings = manifests
    .filter(({ kind }) => kind === 'ConfigMap')
    .map(({ data }) => data as Record<string, string>);
  return Object.assign({}, ...settings);
};

test.each(['dev', 'staging', 'production'])(
  'O2: docs/deployment.md names the connections that %s takes at most',
  (overlay) => {
    const manifests = renderOverlay(path.join(import.meta.dirname, 'overlays', overlay));
    const wanted = connectionsWanted(replicasAtMost(manifests), poolSet(manifests)) + keptForOthers;
    const [, named] = new RegExp(`^\\| ${overlay} \\|.*\\| (\\d+) \\|$`, 'm').exec(page) ?? [];
    expect(Number(named)).toBe(wanted);
  },
);

test('O2: the containers’ PostgreSQL has as many as three replicas of everything and the tools need', () => {
  const { services } = parse(compose, { merge: true }) as { services: { postgres: { command: string[] } } };
  const [, given] = /max_connections=(\d+)/.exec(services.postgres.command.join(' ')) ?? [];
  const three = Object.fromEntries(serviceNames.map((name) => [name, 3])) as Scale;
  expect(Number(given)).toBeGreaterThanOrEqual(connectionsWanted(three, {}) + keptForOthers);
});

test('O2: the budget counts with the pool that a service has when nothing is set', () => {
  const one = Object.fromEntries(serviceNames.map((name) => [name, 1])) as Scale;
  expect(connectionsWanted(one, {})).toBe(serviceNames.length * baseConfig.DB_POOL_MAX.parse(undefined) + besideWallet);
});
