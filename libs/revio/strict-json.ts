import { NotRevioObject } from './not-revio-object.ts';

/** Revio's fullest object nests 5 deep; the limit keeps a hostile body from costing a stack per level. */
const depthMax = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads JSON as RFC 7493 (I-JSON) wants it: UTF-8, and no name twice in one object. JSON.parse lets the last of two `amount`s
 * win while another reader of the same signed bytes may take the first; what can be read in two ways is refused, not read.
 * Throws NotRevioObject, which never quotes the body.
 */
export function parseStrictJson(raw: Uint8Array | string): unknown {
  let text: string;
  let parsed: unknown;
  try {
    text = typeof raw === 'string' ? raw : utf8.decode(raw);
    parsed = JSON.parse(text);
  } catch {
    throw new NotRevioObject('not JSON'); // no cause: a SyntaxError quotes the text around the mistake
  }
  refuseRepeatedNames(text, parsed);
  return parsed;
}

/**
 * Each name that JSON.parse has kept was written once with a colon behind it; more colons than names means that one was repeated. The
 * text is well-formed, so all that hides a colon is a string.
 */
function refuseRepeatedNames(text: string, parsed: unknown): void {
  if (colonsOf(text) !== namesIn(parsed, 0)) throw new NotRevioObject('a name is repeated in one object');
}

const [quote, colon, backslash] = [0x22, 0x3a, 0x5c];

/** By character codes: with tokens matched by a pattern, the whole of a body took three times as long to read. */
function colonsOf(text: string): number {
  let colons = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) isString = !isString;
    else if (code === backslash)
      at++; // only ever in a string, and what it escapes may be a quote
    else if (code === colon && !isString) colons++;
  }
  return colons;
}

function namesIn(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === depthMax) throw new NotRevioObject('nested too deeply');
  const kept: unknown[] = Object.values(value);
  let names = Array.isArray(value) ? 0 : kept.length;
  for (const each of kept) names += namesIn(each, depth + 1);
  return names;
}
