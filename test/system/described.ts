import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApi } from '../../deploy/generate/openapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document of any form is walked
type Json = any;

/** What comes of any request, whatever the operation says: a body that is no JSON, a path that does not decode. */
const anywhere = [
  'bad_request',
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
  'idempotency_key_invalid',
];

interface Received {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Judges answers by the API description. In what is sent to clients no field is closed; here all are, so that none goes undescribed. */
export function validatorOf(document: Json) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  addFormats.default(ajv);
  const closedDocument = closed(document);
  ajv.addSchema({ $id: 'api', ...closedDocument });
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  const templates = Object.keys(document.paths).map((address) => ({
    address,
    pattern: new RegExp(`^${address.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
    named: (address.match(/\{/g) ?? []).length,
  }));

  /** The operation's address, the most literal one first: `/transactions/export` before `/transactions/{id}`. */
  const find = (method: string, path: string): string | undefined =>
    templates
      .filter(
        ({ address, pattern }) => pattern.test(path) && document.paths[address][method.toLowerCase()] !== undefined,
      )
      .sort((a, b) => a.named - b.named)[0]?.address;

  const judge = (pointer: string, value: unknown): string[] => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` });
    compiled.set(pointer, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };

  /** The response of a status and where in the document it stands. */
  const responseOf = (
    method: string,
    address: string,
    status: number,
  ): { response: Json; at: string[] } | undefined => {
    const at = ['paths', address, method.toLowerCase(), 'responses', String(status)];
    const response = document.paths[address][method.toLowerCase()].responses[status];
    if (response?.$ref === undefined) return response && { response, at };
    const name = response.$ref.split('/').at(-1);
    return { response: document.components.responses[name], at: ['components', 'responses', name] };
  };

  /** What of a JSON body is not as described; `received`: what it was said to be, of several types that may come. */
  const wrongIn = (method: string, address: string, status: number, body: unknown, received?: string): string[] => {
    const found = responseOf(method, address, status);
    if (found === undefined) return [`${status} is not described`];
    const types = Object.keys(found.response.content ?? {});
    const type =
      received !== undefined
        ? types.find((each) => received.startsWith(each))
        : body === undefined
          ? types[0]
          : types.find((each) => each.includes('json'));
    if (received !== undefined && types.length > 0 && type === undefined) return [`${received} is not described`];
    if (type === undefined || !type.includes('json')) return [];
    const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
    return judge(['', ...found.at, 'content', type, 'schema'].map(escaped).join('/'), body);
  };

  /** What is wrong with an answer; nothing if the address is none of ours. */
  const wrongWith = (method: string, path: string, { status, headers, body }: Received): string[] => {
    const address = find(method, path);
    if (address === undefined) return [];
    const received = headers.get('content-type') ?? undefined;
    const isProblem = /^application\/problem\+json/.test(received ?? '');
    const found = isProblem
      ? judge('/components/schemas/Problem', body)
      : wrongIn(method, address, status, body, received);
    const { code, status: told } = (body ?? {}) as { code?: string; status?: number };
    if (isProblem && told !== status) found.push(`the body says ${told}`);
    if (isProblem && !anywhere.includes(String(code))) found.push(...wrongIn(method, address, status, body));
    if (status >= 400 && !isProblem) found.push('a refusal that is no problem+json');
    const named = responseOf(method, address, status)?.response.headers ?? {};
    for (const [name, header] of Object.entries<Json>(named)) {
      const { required } =
        header.$ref === undefined ? header : document.components.headers[header.$ref.split('/').at(-1)];
      if (required && headers.get(name) === null) found.push(`no ${name}`);
    }
    return found.map((each) => `${method} ${path} ${status}: ${each}`);
  };
  return { find, wrongIn, wrongWith };
}

/** Every object schema that names its fields has no others, unless it says that it does. */
function closed(node: Json): Json {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === 'example' || key === 'examples' ? value : closed(value),
  ]);
  const made = Object.fromEntries(entries);
  const names = made.type === 'object' && made.properties !== undefined && made.additionalProperties === undefined;
  return names && made.properties.pointer === undefined && made.properties.request_id === undefined
    ? { ...made, additionalProperties: false }
    : made;
}

export const described = validatorOf(openApi());
