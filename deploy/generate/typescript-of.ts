interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema & { description?: string }>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

/** The TypeScript type of a JSON Schema, of as much of JSON Schema as our schemas use; an unforeseen part is `unknown`, never wrong. */
export function typeOf(schema: Schema, indent = ''): string {
  const inner = (each: Schema): string => typeOf(each, indent);
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map(literal));
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return union(alternatives.map(inner));
  if (schema.allOf !== undefined) return schema.allOf.map((each) => `(${inner(each)})`).join(' & ');
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => inner({ ...schema, type })));
  if (schema.type === 'array') return schema.items === undefined ? 'unknown[]' : `Array<${inner(schema.items)}>`;
  if (schema.type === 'object') return objectType(schema, indent);
  return simple[schema.type ?? ''] ?? 'unknown';
}

const simple: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

function objectType({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
  const deeper = `${indent}  `;
  const members = Object.entries(properties).map(([name, schema]) => {
    const { description } = schema;
    const words = description === undefined ? '' : `${deeper}/** ${description.replaceAll('*/', '')} */\n`;
    const optional = required.includes(name) ? '' : '?';
    return `${words}${deeper}${propertyName(name)}${optional}: ${typeOf(schema, deeper)};\n`;
  });
  const others = typeof additionalProperties === 'object' ? typeOf(additionalProperties, indent) : 'unknown';
  return members.length === 0 ? `Record<string, ${others}>` : `{\n${members.join('')}${indent}}`;
}

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ');

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : JSON.stringify(value);

export const propertyName = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : literal(name));
