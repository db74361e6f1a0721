import { type ProblemCode, problemCatalogue } from '#libs/http';
import { openApi } from './openapi.ts';
import { propertyName, typeOf } from './typescript-of.ts';

interface Described {
  operationId: string;
  summary: string;
  parameters: { name: string; in: 'path' | 'query' | 'header'; required: boolean; schema: object }[];
  requestBody?: { required: boolean; content: { 'application/json': { schema: object } } };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
  security: unknown[];
}

/**
 * `clients/typescript/src/api.ts`: what the typed client knows of each operation, and its types, from the API description. Our own 150
 * lines, because the generators that are well kept do not run here (ADR 20).
 */
export function clientTypes(): Map<string, string> {
  const { paths, components } = openApi() as {
    paths: Record<string, Record<string, Described>>;
    components: { schemas: Record<string, object> };
  };
  const operations = Object.entries(paths).flatMap(([address, item]) =>
    Object.entries(item)
      .map(([method, operation]) => ({ address, method: method.toUpperCase(), operation }))
      // Pages for people are no part of a program's API.
      .filter(
        ({ operation }) => !contentTypesOf(operation).includes('text/html') && operation.operationId !== 'readDocsFile',
      ),
  );
  operations.sort((a, b) => (a.operation.operationId < b.operation.operationId ? -1 : 1));
  const codes = Object.keys(problemCatalogue) as ProblemCode[];
  const text = [
    '// Generated from docs/openapi.json by `npm run generate`. Not to be changed by hand.',
    '',
    ...Object.entries(components.schemas)
      .filter(([name]) => name !== 'Problem')
      .map(([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`),
    `/** Every code that a refusal can have; each has a page, \`/problems/<code>\`. */\nexport type ProblemCode =\n${codes
      .sort()
      .map((code) => `  | '${code}'`)
      .join('\n')};\n`,
    '/** What each operation takes and answers. */',
    'export interface Operations {',
    ...operations.map(({ operation }) => signature(operation)),
    '}',
    '',
    '/** How each operation is asked. */',
    'export const operations = {',
    ...operations.map(({ address, method, operation }) => wiring(address, method, operation)),
    '} as const;',
    '',
  ];
  return new Map([['clients/typescript/src/api.ts', text.join('\n')]]);
}

const goodOf = ({ responses }: Described) =>
  Object.entries(responses)
    .filter(([status]) => status < '300')
    .map(([, response]) => response);

const contentTypesOf = (operation: Described): string[] =>
  goodOf(operation).flatMap(({ content = {} }) => Object.keys(content));

/** What is no JSON is answered as it comes. */
const isRaw = (operation: Described): boolean => contentTypesOf(operation).some((type) => !type.includes('json'));

function signature(operation: Described): string {
  const { operationId, summary, parameters, requestBody } = operation;
  const group = (where: 'path' | 'query', name: string) => {
    const members = parameters.filter((parameter) => parameter.in === where);
    if (members.length === 0) return [];
    const optional = members.every(({ required }) => !required) ? '?' : '';
    const types = members.map(
      (each) => `${propertyName(each.name)}${each.required ? '' : '?'}: ${queryType(each.schema)}`,
    );
    return [`${name}${optional}: { ${types.join('; ')} }`];
  };
  const body =
    requestBody === undefined
      ? []
      : [`body${requestBody.required ? '' : '?'}: ${typeOf(requestBody.content['application/json'].schema, '  ')}`];
  const members = [...group('path', 'params'), ...group('query', 'query'), ...body];
  if (parameters.some(({ name }) => name === 'Idempotency-Key')) members.push('idempotencyKey?: string');
  if (parameters.some(({ name }) => name === 'If-Match')) members.push('etag: string');
  const input = members.length === 0 ? 'Record<never, never>' : `{ ${members.join('; ')} }`;
  return `  /** ${summary}. */\n  ${operationId}: { input: ${input}; answer: ${answerOf(operation)} };`;
}

/** Numbers may be given as numbers: they are written into the address. */
const queryType = (schema: object): string => {
  const type = typeOf(schema);
  return /^[0-9[\]^$?{},()\\d-]+$/.test((schema as { pattern?: string }).pattern ?? 'x') ? `${type} | number` : type;
};

function answerOf(operation: Described): string {
  if (isRaw(operation)) return 'Response';
  const types = goodOf(operation).map(({ content }) => {
    const schema = content?.['application/json']?.schema;
    return schema === undefined ? 'undefined' : typeOf(schema, '  ');
  });
  return [...new Set(types)].join(' | ');
}

function wiring(address: string, method: string, operation: Described): string {
  const flags = [
    ...(operation.security.length > 0 ? ['authorised: true'] : []),
    ...(operation.parameters.some(({ name }) => name === 'Idempotency-Key') ? ['keyed: true'] : []),
    ...(isRaw(operation) ? ['raw: true'] : []),
  ];
  return `  ${operation.operationId}: { ${[`method: '${method}'`, `address: '${address}'`, ...flags].join(', ')} },`;
}
