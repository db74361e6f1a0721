import { z } from 'zod';

type Json = Record<string, unknown>;

/** Makes JSON Schemas (2020-12) of zod's and collects those with an id, which the others then refer to. */
export function jsonSchemas() {
  const named = new Map<string, Json>();
  return {
    of(schema: z.ZodType, io: 'input' | 'output'): Json {
      const {
        $schema: _,
        $defs = {},
        ...json
      } = z.toJSONSchema(schema, { io }) as Json & { $defs?: Record<string, Json> };
      for (const [name, definition] of Object.entries($defs)) {
        const tidied = tidy(definition, io);
        const known = named.get(name);
        if (known !== undefined && JSON.stringify(known) !== JSON.stringify(tidied))
          throw new Error(`two schemas are called ${name}`);
        named.set(name, tidied);
      }
      return tidy(json, io);
    },
    components: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What the document says otherwise than zod: where names stand, a UUID by its format alone, and answers that may grow. */
function tidy(node: unknown, io: 'input' | 'output'): Json {
  return walk(node) as Json;

  function walk(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const { format, id, ...rest } = value as Json;
    const isSchema = 'type' in rest || '$ref' in rest || 'anyOf' in rest || 'oneOf' in rest;
    const entries = Object.entries(value)
      .filter(([key]) => !(key === 'pattern' && format === 'uuid'))
      .filter(([key]) => !(key === 'id' && isSchema && typeof id === 'string'))
      // A client must live with fields that it does not know; the tests of our own answers do not (test/system/described.ts).
      .filter(([key, inner]) => !(io === 'output' && key === 'additionalProperties' && inner === false))
      .map(([key, inner]) => [
        key,
        key === '$ref' ? String(inner).replace('#/$defs/', '#/components/schemas/') : walk(inner),
      ]);
    return Object.fromEntries(entries);
  }
}
