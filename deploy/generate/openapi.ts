import { samples } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { operations as gateway } from '../../services/gateway/src/operations.ts';
import { operations as payments } from '../../services/payments/src/operations.ts';
import { operations as reconciler } from '../../services/reconciler/src/operations.ts';
import { operations as wallet } from '../../services/wallet/src/operations.ts';
import { operations as webhooks } from '../../services/webhooks/src/operations.ts';
import { jsonSchemas } from './json-schemas.ts';
import { headers, problemExamples, problemSchema, ref, securitySchemes } from './openapi-components.ts';
import { problemsOf } from './operation-problems.ts';
import { refusalResponses } from './refusal-responses.ts';

/** Every public route of the system, by the service that answers it. */
export const operationsOf: Readonly<Record<string, readonly Operation[]>> = {
  gateway,
  wallet,
  payments,
  webhooks,
  reconciler,
};

type Json = Record<string, unknown>;

/** The address of an operation: `/api/v1/withdrawals/{id}/cancel`. */
export const addressOf = ({ path, absolute }: Operation): string =>
  (absolute ? path : `/api/v1${path}`).replaceAll(/:([a-z_]+)/g, '{$1}');

/** The API description, OpenAPI 3.1, whose schemas are those that the routes parse with. */
export function openApi(): Json {
  const schemas = jsonSchemas();
  const refusals = refusalResponses();
  const paths: Record<string, Json> = {};
  for (const operation of Object.values(operationsOf).flat()) {
    const address = addressOf(operation);
    paths[address] = { ...paths[address], [operation.method.toLowerCase()]: described(operation, schemas, refusals) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Piggybank', version: '1.0.0', description: introduction },
    servers: [{ url: '/', description: 'Where this description came from' }],
    tags: tags.map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes,
      headers,
      examples: problemExamples,
      responses: refusals.components(),
      schemas: { Problem: problemSchema, ...schemas.components() },
    },
  };
}

/** `docs/openapi.json`, which the gateway serves as `/openapi.json`. */
export const openApiFile = (): Map<string, string> =>
  new Map([['docs/openapi.json', `${JSON.stringify(openApi(), null, 2)}\n`]]);

const introduction = `A wallet: users deposit money, hold a balance and withdraw it.

**Amounts** are decimal strings with a currency, \`"150.00"\` and \`"ZAR"\`, never JSON numbers. **Times** are RFC 3339, UTC.

**Idempotency**: whatever moves money needs an \`Idempotency-Key\`. A repeat with the same key and the same body is answered word for word as
the first, with \`Idempotent-Replayed: true\`; it is never carried out twice. After a lost connection, a time-out or any 5xx, send the same
request with the same key again. Keys belong to the user and are kept for good.

**Errors** are problem details (RFC 9457) with a stable \`code\`; \`type\` points to its page, \`errors\` names each wrong field by JSON Pointer.
An unknown outcome never looks like a failure: the answer is 202 and a resource that says how it ends.`;

const tags = [
  ['Access', 'Users, sessions and tokens.'],
  ['Wallets', 'Balances.'],
  ['Transactions', 'Deposits, withdrawals and what became of them.'],
  ['Bank accounts', 'Where withdrawals go.'],
  ['People', 'For support and admins: what no rule may settle.'],
  ['Webhooks', 'For support and admins: what Revio delivered.'],
  ['About', 'The API about itself.'],
] as const;

type Schemas = ReturnType<typeof jsonSchemas>;
type Refusals = ReturnType<typeof refusalResponses>;

function described(operation: Operation, schemas: Schemas, refusals: Refusals): Json {
  const { id, tag, summary, description, access, body, examples } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    'x-access': access,
    security: access === 'public' ? [] : [{ accessToken: [] }],
    parameters: parametersOf(operation, schemas),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse(undefined).success,
            content: {
              'application/json': {
                schema: schemas.of(body, 'input'),
                examples: Object.fromEntries(
                  examples.filter((one) => one.body !== undefined).map((one) => [one.name, { value: one.body }]),
                ),
              },
            },
          },
        }),
    responses: responsesOf(operation, schemas, refusals),
    'x-examples': examples.map(({ answer: _, ...request }) => request),
  };
}

function parametersOf({ id, params = {}, query, keyed, conditional, path, examples }: Operation, schemas: Schemas) {
  const named = [...path.matchAll(/:([a-z_]+)/g)].map(([, name = '']) => name);
  const [example] = examples;
  const shown = (value: unknown) => (value === undefined ? {} : { example: value });
  const inPath = named.map((name) => {
    const schema = params[name];
    if (schema === undefined) throw new Error(`${id} does not say what :${name} is`);
    const json = schemas.of(schema, 'input');
    return { name, in: 'path', required: true, schema: json, ...shown(example?.params?.[name]) };
  });
  const asked = query === undefined ? {} : (schemas.of(query, 'input') as { properties?: Json; required?: string[] });
  const inQuery = Object.entries(asked.properties ?? {}).map(([name, schema]) => {
    const { description } = schema as { description?: string };
    const required = asked.required?.includes(name) ?? false;
    return { name, in: 'query', required, schema, ...(description === undefined ? {} : { description }) };
  });
  return [
    ...inPath,
    ...inQuery,
    ...(keyed ? [header('Idempotency-Key', samples.key, keyWords)] : []),
    ...(conditional
      ? [header('If-Match', `"${'0'.repeat(64)}"`, 'The `ETag` of what was read and is decided upon.')]
      : []),
  ];
}

const keyWords =
  'A new random one for each new intent, the same one for each repeat of it: 1 to 255 visible ASCII characters, a UUID for instance.';

const header = (name: string, example: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  example,
});

const text = { schema: { type: 'string' } };
/** OpenAPI 3.1 has no schema for bytes: the media type says it all. */
const binary = {};

function responsesOf(operation: Operation, schemas: Schemas, refusals: Refusals): Json {
  const { answers, examples, keyed } = operation;
  const limits = { RateLimit: ref('headers', 'RateLimit'), 'RateLimit-Policy': ref('headers', 'RateLimitPolicy') };
  const always = { 'X-Request-Id': ref('headers', 'XRequestId'), ...(operation.absolute ? {} : limits) };
  const replayed = keyed ? { 'Idempotent-Replayed': ref('headers', 'IdempotentReplayed') } : {};
  const good = Object.entries(answers).map(([status, { description, schema, type, tagged }]) => {
    const shown = examples.filter((one) => String(one.status) === status && one.answer !== undefined);
    const json = schema && {
      schema: schemas.of(schema, 'output'),
      examples: Object.fromEntries(shown.map(({ name, answer }) => [name, { value: answer }])),
    };
    const others = [type ?? []].flat().map((each) => [each, each.startsWith('text/') ? text : binary] as const);
    const bodies = json === undefined ? others : [...others, ['application/json', json] as const];
    return [
      status,
      {
        description,
        headers: { ...always, ...replayed, ...(tagged ? { ETag: ref('headers', 'ETag') } : {}) },
        ...(bodies.length === 0 ? {} : { content: Object.fromEntries(bodies) }),
      },
    ] as const;
  });
  return { ...Object.fromEntries(good), ...refusals.of(problemsOf(operation)) };
}
