import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { baseConfig, ConfigError, count, durationMs, flag, httpUrl, loadConfig, port, secretKey } from './index.ts';

const schema = z.object({
  WAIT_MS: durationMs(1000),
  POOL: count(10, { max: 20 }),
  PORT: port(0),
  LOUD: flag(false),
  PEER_URL: httpUrl(),
  KEY: secretKey(),
});
const key = Buffer.alloc(32, 7).toString('base64');
const right = { PEER_URL: 'http://peer:8081', KEY: key };

function mistakesOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(schema, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

test('the environment is read into numbers, truths and keys, with defaults where it is silent', () => {
  expect(loadConfig(schema, { ...right, WAIT_MS: '5', LOUD: 'true', POOL: '' })).toEqual({
    WAIT_MS: 5,
    POOL: 10,
    PORT: 0,
    LOUD: true,
    PEER_URL: 'http://peer:8081',
    KEY: Buffer.alloc(32, 7),
  });
});

test('every mistake is told at once, by name and without the value', () => {
  const mistakes = mistakesOf({ WAIT_MS: '1e3', POOL: '21', PORT: '65536', LOUD: 'yes', KEY: 'hunter2hunter2' });
  expect(mistakes).toEqual([
    'WAIT_MS: must be a whole number',
    'POOL: must be at most 20',
    'PORT: must be at most 65535',
    'LOUD: must be true or false',
    'PEER_URL: is not set',
    'KEY: must be at least 32 bytes',
  ]);
});

test('A8: NAME_FILE holds the value, naming both or an unreadable file is a mistake', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'config-'));
  try {
    const file = path.join(dir, 'key');
    writeFileSync(file, `${key}\n`);
    expect(loadConfig(schema, { PEER_URL: 'http://peer', KEY_FILE: file }).KEY).toEqual(Buffer.alloc(32, 7));
    expect(mistakesOf({ ...right, KEY_FILE: file })).toEqual(['KEY: both it and KEY_FILE are set']);
    expect(mistakesOf({ PEER_URL: 'http://peer', KEY_FILE: `${file}s` })).toEqual([
      'KEY_FILE: cannot be read (ENOENT)',
    ]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('A8: a service that is told nothing runs as in production and on the loopback only', () => {
  const config = loadConfig(z.object(baseConfig), { DATABASE_URL: 'postgres://u@h/d', AMQP_URL: 'amqp://h' });
  expect(config).toMatchObject({ NODE_ENV: 'production', HOST: '127.0.0.1', AMQP_PREFIX: '' });
});
