import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

/**
 * .env.example with every empty secret filled in. Single quotes: compose would otherwise turn the key's `\n` into line ends, which an
 * environment file cannot hold. What may stay empty (REVIO_WEBHOOK_PUBLIC_KEYS) does.
 */
export function environmentFile(example: string): string {
  return example.replaceAll(/^([A-Z_]+)=$/gm, (line, name: string) => {
    const secret = newSecret(name);
    return secret === undefined ? line : `${name}='${secret}'`;
  });
}

function newSecret(name: string): string | undefined {
  if (name.endsWith('_PASSWORD')) return randomBytes(24).toString('hex');
  if (name.startsWith('INTERNAL_KEY_') || name === 'CURSOR_KEY') return randomBytes(32).toString('base64');
  if (name === 'SEALING_KEYS') return `k1:${randomBytes(32).toString('base64')}`;
  if (name === 'REVIO_API_KEY') return `sk_test_${randomBytes(24).toString('hex')}`;
  if (name === 'REVIO_BRAND_ID') return randomUUID();
  if (name !== 'JWT_PRIVATE_KEY') return undefined;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim().replaceAll('\n', '\\n');
}

/** The variables of an environment file in the form above: one per line, perhaps in single quotes. */
export function readEnvironmentFile(text: string): Record<string, string> {
  const lines = text.matchAll(/^([A-Z_]+)=(?:'([^']*)'|(.*))$/gm);
  return Object.fromEntries([...lines].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}
