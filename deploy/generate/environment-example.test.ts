import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { environmentFile, readEnvironmentFile } from '../docker/environment-file.ts';
import { environmentExample } from './environment-example.ts';
import { settings } from './settings.ts';

const example = settings().get('.env.example') ?? '';

test('O5: .env.example names every variable of every service', () => {
  const documented = [
    ...(readFileSync('docs/settings.md', 'utf8')
      .split('## The commands')[0]
      ?.matchAll(/^\| `([A-Z0-9_]+)`/gm) ?? []),
  ];
  expect(documented.length).toBeGreaterThan(100);
  expect(documented.map(([, name]) => name).filter((name) => !new RegExp(`^#?${name}=`, 'm').test(example))).toEqual(
    [],
  );
});

test('O5: what is written by hand stays, and a second run changes nothing', () => {
  const sections = [{ title: 'wallet', settings: [{ name: 'A', byDefault: '1', comment: 'why' }] }];
  const once = environmentExample('# by hand\nX=1\n', sections);
  expect(once).toMatch(/^# by hand\nX=1\n\n# ── Every setting/);
  expect(once).toMatch(/\n# wallet\n# {3}why\n#A=1\n$/);
  expect(environmentExample(once, sections)).toBe(once);
});

test('A8: the containers take none of it, and no secret stands in it', () => {
  const byHand = Object.keys(readEnvironmentFile(example.split('# ── Every setting')[0] ?? ''));
  expect(Object.keys(readEnvironmentFile(environmentFile(example)))).toEqual(byHand);
  expect(example).not.toMatch(
    /^#?(INTERNAL_KEY\w*|SEALING_KEYS|CURSOR_KEY|JWT_PRIVATE_KEY|REVIO_API_KEY|DATABASE_URL)=./m,
  );
});
