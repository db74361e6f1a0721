import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type Service, serviceNames } from './databases.ts';

export type Secrets = {
  postgresPassword: string;
  rolePasswords: Record<Service, string>;
  /** The HMAC key of the callee, base64: whoever may call it has it too. */
  internalKeys: Record<Service, string>;
  sealingKeys: string;
  cursorKey: string;
  jwtPrivateKey: string;
  revioApiKey: string;
  revioBrandId: string;
  demoPassword: string;
};

/** Made once and kept: sealed bank accounts, sessions and the databases' passwords must outlive a restart. */
export function keptSecrets(stateFolder: string): Secrets {
  const file = path.join(stateFolder, 'secrets.json');
  const kept: Partial<Secrets> = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  // A release that needs one more secret makes only that one.
  const secrets = { ...newSecrets(), ...kept };
  fs.writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
  return secrets;
}

function newSecrets(): Secrets {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    postgresPassword: randomBytes(18).toString('hex'),
    rolePasswords: perService(() => randomBytes(18).toString('hex')),
    internalKeys: perService(() => randomBytes(32).toString('base64')),
    sealingKeys: `k1:${randomBytes(32).toString('base64')}`,
    cursorKey: randomBytes(32).toString('base64'),
    jwtPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    revioApiKey: `sk_test_${randomBytes(18).toString('hex')}`,
    revioBrandId: crypto.randomUUID(),
    // Has what the password rules ask for, whatever the random part is.
    demoPassword: `Pig-1-${randomBytes(9).toString('hex')}`,
  };
}

const perService = (make: () => string) =>
  Object.fromEntries(serviceNames.map((name) => [name, make()])) as Record<Service, string>;
