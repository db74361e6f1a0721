import { NotRevioObject } from './not-revio-object.ts';

/** Revio's fullest object nests 5 deep; the limit keeps a hostile body from costing a stack per level. */
const depthMax = 64;

/**
 * Reads JSON as RFC 7493 (I-JSON) wants it: UTF-8, and no name twice in one object. JSON.parse lets the last of two `amount`s
 * win while another reader of the same signed bytes may take the first; what can be read in two ways is refused, not read.
 * Throws NotRevioObject, which never quotes the body.
 */
export function parseStrictJson(raw: Uint8Array | string): unknown {
  let text: string;
  let parsed: unknown;
  try {
    text = typeof raw === 'string' ? raw : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
    parsed = JSON.parse(text);
  } catch {
    throw new NotRevioObject('not JSON'); // no cause: a SyntaxError quotes the text around the mistake
  }
  refuseRepeatedNames(text);
  return parsed;
}

/** Walks the tokens of a text that JSON.parse has found well-formed: only strings and the six structural characters matter. */
function refuseRepeatedNames(text: string): void {
  const open: (Set<string> | null)[] = []; // one entry per open bracket: the names of an object, null for an array
  let lastString = '';
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') {
      if (open.push(token === '{' ? new Set() : null) > depthMax) throw new NotRevioObject('nested too deeply');
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':') {
      const names = open.at(-1);
      const name = String(JSON.parse(lastString)); // "\u0061mount" is "amount"
      if (names?.has(name)) throw new NotRevioObject('a name is repeated in one object');
      names?.add(name);
    } else {
      lastString = token;
    }
  }
}
