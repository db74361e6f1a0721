import { createPublicKey, type KeyObject } from 'node:crypto';

/** Below 2048 bits a signature can be forged at a price; above 4096 each junk delivery costs a millisecond. Revio uses 2048 and 3072. */
const modulusBits = { min: 2048, max: 4096 };

/** Two webhooks and the company key, each twice while it rotates, with room to spare. A forged delivery costs one verification per key. */
const keysMax = 12;

/**
 * Reads the RSA public keys out of `text`: one or more PEM blocks, in any of the forms that Revio and environment variables give
 * them: as they are, as a JSON string or array, with literal `\n`, with spaces or CRLF for line ends (REVIO.md §5). KeyObjects are made here once:
 * verifying from PEM each time costs six times as much. Throws an Error on anything that is not such a key, private keys above all.
 */
export function publicKeysFrom(text: string): KeyObject[] {
  const plain = text.replaceAll(/\\r|\\n/g, '\n');
  const blocks = [...plain.matchAll(pemBlock)];
  if (plain.replaceAll(pemBlock, '').replaceAll(/[\s",;[\]]/g, '') !== '') {
    throw new Error('only PEM public keys belong here');
  }
  if (blocks.length === 0) throw new Error('no PEM public key found');
  if (blocks.length > keysMax) throw new Error(`more than ${keysMax} public keys`);
  return blocks.map(([, label = '', body = ''], index) => publicKeyOf(label, body, index + 1));
}

const pemBlock = /-----BEGIN ((?:RSA )?PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g;

function publicKeyOf(label: string, body: string, position: number): KeyObject {
  const lines = body.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? [];
  let key: KeyObject;
  try {
    key = createPublicKey([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'));
  } catch (cause) {
    throw new Error(`public key ${position} cannot be read`, { cause });
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < modulusBits.min || bits > modulusBits.max) {
    throw new Error(`public key ${position} is not RSA of ${modulusBits.min} to ${modulusBits.max} bits`);
  }
  return key;
}
