import fs from 'node:fs';
import path from 'node:path';

/** A value that must not appear, by a name that may be shown when it does. */
export type Canaries = Readonly<Record<string, string>>;

/** Shorter values appear by chance. */
const charsMin = 9;

/**
 * A value as it may have been written down: plain, percent-encoded, as JSON, in hexadecimal (how PostgreSQL shows bytes), in base64 at each
 * of the three places where it can begin within a text that was encoded as a whole.
 */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    // Without the characters that depend on the neighbours on either side.
    const own = padded.toString('base64url').slice(Math.ceil((before * 8) / 6), Math.floor((padded.length * 8) / 6));
    return [own, own.replaceAll('-', '+').replaceAll('_', '/')];
  });
  return [
    ...new Set([
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      bytes.toString('hex'),
      ...base64,
    ]),
  ];
}

/** Names the canaries that are in any text or bytes. `encoded: false` looks for them as they are only: for hundreds of megabytes. */
export function finder(canaries: Canaries, { encoded = true } = {}): (haystack: string | Buffer) => string[] {
  const wanted = Object.entries(canaries).map(([name, value]) => {
    if (value.length < charsMin) throw new Error(`${name} is too short to be told from chance`);
    return { name, forms: (encoded ? formsOf(value) : [value]).map((form) => Buffer.from(form)) };
  });
  return (haystack) => {
    const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
    return wanted.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ name }) => name);
  };
}

/** Every file below a folder, in bytes. What goes away while it is read is passed over. */
export function* filesIn(folder: string): Generator<{ name: string; bytes: Buffer }> {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    try {
      yield { name: path.relative(folder, file), bytes: fs.readFileSync(file) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
