import { type ProblemKind, problemCatalogue } from '#libs/http';

/** What all operations share in the API description. */

export const ref = (kind: 'schemas' | 'headers' | 'examples' | 'responses', name: string) => ({
  $ref: `#/components/${kind}/${name}`,
});

export const securitySchemes = {
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `access_token` of `POST /api/v1/auth/login`. It lasts fifteen minutes.',
  },
};

const text = { type: 'string' };

export const headers = {
  XRequestId: {
    description: 'Names this request in our logs. Sent along, in a safe form, it is taken over.',
    schema: text,
    required: true,
  },
  IdempotentReplayed: {
    description: 'On a repeat: this is what the first request was answered.',
    schema: { type: 'string', enum: ['true'] },
  },
  ETag: {
    description: 'Names the content, for `If-Match`.',
    schema: { type: 'string', pattern: '^"[0-9a-f]{64}"$' },
    required: true,
  },
  RetryAfter: { description: 'After how many seconds another try is worth while.', schema: text },
  RateLimit: {
    description: 'What is left of each limit that applies, and for how long: structured fields (IETF draft 10).',
    schema: text,
  },
  RateLimitPolicy: { description: 'The limits that apply, absent where they are lifted.', schema: text },
};

export const problemSchema = {
  type: 'object',
  description: 'Problem details, RFC 9457. Clients branch on `code`.',
  required: ['type', 'code', 'title', 'status'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'The page about the code.' },
    code: { type: 'string', description: 'A stable word.' },
    title: { type: 'string', description: 'The same sentence for every problem of this code.' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What happened this time.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'A JSON Pointer (RFC 6901) into the body, or `/<parameter>`.' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
    request_id: {
      type: 'string',
      description: 'Names the request in our logs. Absent from what a repeat is answered.',
    },
    transaction_id: { type: 'string', description: 'Of a refused transaction: where it can be read.' },
  },
};

const someError: Readonly<Record<string, object>> = {
  validation_failed: { pointer: '/amount', code: 'too_many_decimals', detail: 'Has more decimals than the currency' },
  unknown_parameter: { pointer: '/colour', code: 'unknown_field', detail: 'There is no such parameter' },
};

/** A problem of each code. */
export const problemExamples = Object.fromEntries(
  Object.entries<ProblemKind>(problemCatalogue).map(([code, { status, title }]) => {
    const errors = someError[code] === undefined ? {} : { errors: [someError[code]] };
    const value = { type: `/problems/${code}`, code, title, status, ...errors };
    return [code, { value: { ...value, request_id: '0b9f2c1e-5a7d-4e3b-8c60-9d1f3a5b7c24' } }];
  }),
);
