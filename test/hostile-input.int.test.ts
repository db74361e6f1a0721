import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation, OperationExample } from '#libs/http';
import { poll } from '#libs/testing';
import { addressOf, openApi, operationsOf } from '../deploy/generate/openapi.ts';
import { type ApiWorld, askerOf, startApiWorld } from './system/api-world.ts';
import { type Answer, call } from './system/client.ts';
import { countRows } from './system/count-rows.ts';

/** Issue 4 §3.5, A6, M8: whatever is put into a field is either what the field is for, or a 4xx that says why; never a 5xx, nothing half. */
let world: ApiWorld;

/** Up to a thousand requests, one after the other: seconds when idle, far more on a loaded machine. */
const allMs = 240_000;

beforeAll(async () => {
  world = await startApiWorld();
}, 120_000);
afterAll(() => world?.system.close());

// biome-ignore lint/suspicious/noExplicitAny: the description is walked
const description: any = openApi();
const operations = Object.values(operationsOf).flat();
const first = ({ examples }: Operation): OperationExample => {
  const [example] = examples;
  if (example === undefined) throw new Error('an operation without an example');
  return example;
};

/** A machine that is overloaded may say so; what it was asked is then not yet answered, and is asked again as any client would. */
const notBusy = (ask: () => Promise<Answer>): Promise<Answer> => {
  const settled = async () => {
    const answer = await ask();
    return answer.status === 503 && answer.headers.has('retry-after') ? undefined : answer;
  };
  return poll(settled, { timeoutMs: 60_000 });
};

/** JSON texts, because some of these no program would write. */
const neverAnything = {
  'a NUL byte': '"a\\u0000b"',
  'half a surrogate pair': '"\\ud800"',
  'the other half': '"\\udc00x"',
  'a hundred thousand characters': `"${'a'.repeat(100_000)}"`,
  'a list': '["ZAR"]',
  'a list of lists without end': `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  'an object with a prototype': '{"__proto__":{"admin":true}}',
  'a constructor': '{"constructor":{"prototype":{"admin":true}}}',
  'a number beyond all floats': '1e999',
  'a number': '-1',
  'a fraction': '0.1',
  true: 'true',
};
/** Fine where any text is; refused where a form is asked for. */
const perhaps = {
  'no text': '""',
  'only spaces': '"   "',
  'text that runs backwards': '"\\u202eRAZ"',
  'many marks on one letter': `"${'Z\\u0336\\u0321'.repeat(20)}"`,
  'a family': '"\\ud83d\\udc68\\u200d\\ud83d\\udc69\\u200d\\ud83d\\udc67"',
  'a flag of letters': '"\\uff3a\\uff21\\uff32"',
  SQL: `"' OR 1=1; DROP TABLE users; --"`,
  'a path': '"../../etc/passwd"',
  'a script': '"<script>alert(1)</script>"',
  null: 'null',
};
const amounts = [
  '150',
  '1.005',
  '-1',
  '+1',
  '1e3',
  '0',
  '0.00',
  '',
  ' 1',
  '1,50',
  '01',
  '.5',
  '1.',
  'NaN',
  'Infinity',
  '0x10',
]
  .concat(['٣', '１', '9'.repeat(400), '999999999999999999', '1\n', '1_000', '१५०'])
  .filter((text) => text !== '150');

/** The fields of a body, of every alternative, by their path. */
function fieldsOf(schema: { properties?: object; oneOf?: object[]; anyOf?: object[] }): string[] {
  const here = Object.keys(schema.properties ?? {});
  return [...new Set([...here, ...[...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap(fieldsOf)])];
}

const bodies = operations
  .filter(({ body }) => body !== undefined)
  .map((operation) => {
    const described = description.paths[addressOf(operation)][operation.method.toLowerCase()];
    return {
      name: `${operation.method} ${addressOf(operation)}`,
      operation,
      fields: fieldsOf(described.requestBody.content['application/json'].schema),
    };
  });

const isBoolean = (operation: Operation, field: string): boolean =>
  operation.body?.safeParse({ ...(world.real(first(operation).body) as object), [field]: true }).success === true;

/** The body of the first example with one field's JSON text put in; `"x"` stands for it until it is text. */
function bodyWith(operation: Operation, field: string, text: string): string {
  const body = { ...(world.real(first(operation).body) as object), [field]: '\u2603' };
  return JSON.stringify(body).replace('"\u2603"', () => text);
}

test.each(bodies)(
  '$name: no field takes what is no value of it',
  async ({ operation, fields }) => {
    expect(fields.length).toBeGreaterThan(0);
    const before = await countRows(world.system);
    const asker = askerOf[operation.access];
    for (const field of fields) {
      for (const [what, text] of Object.entries(neverAnything)) {
        if (text === 'true' && isBoolean(operation, field)) continue;
        const { status, body } = await world.ask(asker, operation, first(operation), {
          body: bodyWith(operation, field, text),
        });
        expect([field, what, status >= 400 && status < 500, typeof body?.code]).toEqual([field, what, true, 'string']);
      }
    }
    const whole = {
      'no object': '[]',
      'a text': '"x"',
      nothing: 'null',
      'half a body': '{"amount":',
      'not UTF-8': '{"a":"\xff',
    };
    for (const [what, body] of Object.entries(whole)) {
      const { status } = await world.ask(asker, operation, first(operation), { body });
      expect([what, status >= 400 && status < 500]).toEqual([what, true]);
    }
    const unknown = bodyWith(operation, 'no_such_field', '"x"');
    expect((await world.ask(asker, operation, first(operation), { body: unknown })).body.errors).toContainEqual({
      pointer: '/no_such_field',
      code: 'unknown_field',
      detail: 'There is no such field',
    });
    const proto = bodyWith(operation, 'x', '1').replace('"x":1', '"__proto__":{"role":"admin"}');
    expect((await world.ask(asker, operation, first(operation), { body: proto })).status).toBe(422);
    expect(await countRows(world.system)).toEqual(before);
  },
  allMs,
);

test.each(bodies)(
  '$name: a text of any kind is taken whole or refused',
  async ({ operation, fields }) => {
    for (const field of fields) {
      for (const [what, text] of Object.entries(perhaps)) {
        const changes = { body: bodyWith(operation, field, text) };
        const { status } = await world.ask(askerOf[operation.access], operation, first(operation), changes);
        expect([field, what, status < 500]).toEqual([field, what, true]);
      }
    }
  },
  allMs,
);

test.each(bodies.filter(({ fields }) => fields.includes('amount')))(
  'M8: $name takes no amount that is not exact',
  async ({ operation }) => {
    const before = await countRows(world.system);
    const example = operation.examples.find(({ body }) => body !== undefined && 'amount' in (body as object));
    for (const amount of amounts) {
      const body = { ...(world.real(example?.body ?? first(operation).body) as object), amount };
      const { status, body: answer } = await world.ask(askerOf[operation.access], operation, first(operation), {
        body,
      });
      expect([amount, status, answer.code]).toEqual([amount, 422, 'validation_failed']);
    }
    expect(await countRows(world.system)).toEqual(before);
  },
);

const inAddress = [
  '%00',
  '%ff',
  '%C0%AF',
  '%F0%9F%98%80',
  '..%2f..%2fetc',
  "'%20OR%201=1",
  '__proto__',
  'constructor',
  '%ED%A0%80',
  'x'.repeat(3000),
];

test(
  'an address with anything in it names nothing',
  async () => {
    for (const operation of operations.filter(({ params, absolute }) => params !== undefined && !absolute)) {
      for (const hostile of inAddress) {
        const path = addressOf(operation).replaceAll(/\{[a-z_]+\}/g, hostile);
        const { status } = await world.ask(askerOf[operation.access], operation, first(operation), { path });
        expect([path.slice(0, 80), status >= 400 && status < 500]).toEqual([path.slice(0, 80), true]);
      }
    }
  },
  allMs,
);

test(
  'a query with anything in it filters rightly or is refused, and an unknown parameter always is',
  async () => {
    for (const operation of operations.filter(({ method }) => method === 'GET')) {
      const described = description.paths[addressOf(operation)].get.parameters as { name: string; in: string }[];
      const address = world.real(first(operation).params ?? {});
      const path = addressOf(operation).replaceAll(
        /\{([a-z_]+)\}/g,
        (_, name: string) => (address as Record<string, string>)[name] ?? '',
      );
      const asker = askerOf[operation.access];
      for (const { name } of described.filter((parameter) => parameter.in === 'query')) {
        for (const hostile of [...inAddress, '', '-1', '1e9', '2026-13-45', `1&${name}=2`]) {
          const asked = { path: `${path}?${name}=${hostile}` };
          const { status, body } = await notBusy(() => world.ask(asker, operation, first(operation), asked));
          const said = [operation.method, asked.path.slice(0, 200), status < 500 ? 'an answer' : body?.code];
          expect(said).toEqual([operation.method, asked.path.slice(0, 200), 'an answer']);
        }
      }
      const { status, body } = await world.ask(asker, operation, first(operation), {
        path: `${path}?no_such_parameter=1`,
      });
      if (operation.absolute) expect([path, status < 500]).toEqual([path, true]);
      else expect([path, status, body?.code]).toEqual([path, 400, 'unknown_parameter']);
    }
  },
  allMs,
);

test(
  'a token, a key or a type of any form is refused, never a mistake of ours',
  async () => {
    const url = `${world.system.gatewayUrl}/api/v1/deposits`;
    const body = { amount: '10.00', currency: 'ZAR' };
    const authorization = `Bearer ${world.tokens.userA}`;
    const asked = async (headers: Record<string, string>) => (await call('POST', url, body, headers)).status;
    for (const wrong of [
      'x',
      'Bearer',
      'Bearer ',
      `Bearer ${'a'.repeat(8_000)}`,
      'Basic YTpi',
      `bearer ${world.tokens.userA}x`,
    ])
      expect(await asked({ authorization: wrong, 'idempotency-key': 'k' })).toBe(401);
    for (const wrong of [' ', 'k'.repeat(256), 'a b', 'ä', 'a, b'])
      expect(await asked({ authorization, 'idempotency-key': wrong })).toBe(400);
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data'])
      expect(await asked({ authorization, 'idempotency-key': 'k', 'content-type': type })).toBe(415);
  },
  allMs,
);
