import { z } from 'zod';
import { samples, serviceNames, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { auditQuery } from './audit/read-audit.ts';
import { identityOperations } from './identity/identity-operations.ts';
import { liveOperations } from './live/live-operations.ts';
import { storyOperations } from './story/story-operations.ts';

const auditEntry = z
  .object({
    seq: z.string().meta({ description: 'Its place in the chain.' }),
    recorded_at: shownAt,
    acted_at: shownAt,
    source: z.enum(serviceNames),
    act_id: shownUuid,
    actor_id: shownUuid.nullable(),
    action: z.string(),
    about: z.string().nullable(),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
    hash: z.string().meta({ description: 'SHA-256 over the entry and the hash before it, hex.' }),
  })
  .meta({ id: 'AuditEntry' });

const audit: Operation = {
  id: 'listAuditLog',
  method: 'GET',
  path: '/admin/audit-log',
  tag: 'People',
  summary: 'Who did what: logins, refusals and every act of an admin, newest first',
  description: 'All filters that are given must hold. `next_cursor` is null on the last page.',
  access: 'staff',
  query: auditQuery,
  answers: {
    200: { description: 'A page', schema: z.object({ data: z.array(auditEntry), next_cursor: z.string().nullable() }) },
  },
  examples: [
    {
      name: 'The newest one',
      query: { limit: '1' },
      status: 200,
      answer: {
        data: [
          {
            seq: '42',
            recorded_at: samples.at,
            acted_at: samples.at,
            source: 'gateway',
            act_id: samples.deliveryId,
            actor_id: samples.userId,
            action: 'logged_in',
            about: null,
            address: '203.0.113.7',
            request_id: '0b9f2c1e-5a7d-4e3b-8c60-9d1f3a5b7c24',
            hash: samples.etag.slice(1, -1),
          },
        ],
        next_cursor: '42',
      },
    },
  ],
};

const html = { description: 'A page for people', type: 'text/html' };

const about: readonly Operation[] = [
  {
    id: 'readKeys',
    method: 'GET',
    path: '/.well-known/jwks.json',
    absolute: true,
    tag: 'About',
    summary: 'The public keys of our access tokens',
    access: 'public',
    answers: {
      200: {
        description: 'A JWK Set (RFC 7517)',
        schema: z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })) }),
      },
    },
    examples: [
      {
        name: 'One key',
        status: 200,
        answer: { keys: [{ kty: 'EC', crv: 'P-256', x: 'f83O…', y: 'x_FE…', kid: '6x2…', use: 'sig', alg: 'ES256' }] },
      },
    ],
  },
  {
    id: 'readDescription',
    method: 'GET',
    path: '/openapi.json',
    absolute: true,
    tag: 'About',
    summary: 'This description',
    access: 'public',
    answers: {
      200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.literal('3.1.0') }) },
    },
    examples: [{ name: 'The description', status: 200 }],
  },
  {
    id: 'readDocs',
    method: 'GET',
    path: '/docs',
    absolute: true,
    tag: 'About',
    summary: 'This description as a page to try it out on',
    access: 'public',
    answers: { 200: html },
    examples: [{ name: 'The page', status: 200 }],
  },
  {
    id: 'readDocsFile',
    method: 'GET',
    path: '/docs/:file',
    absolute: true,
    tag: 'About',
    summary: 'What that page is made of',
    access: 'public',
    params: { file: z.string() },
    answers: { 200: { description: 'A script or a style', type: 'text/javascript' } },
    examples: [{ name: 'Our script', params: { file: 'start.js' }, status: 200 }],
  },
  {
    id: 'readProblemPage',
    method: 'GET',
    path: '/problems/:code',
    absolute: true,
    tag: 'About',
    summary: 'What a problem means and what to do about it',
    access: 'public',
    params: { code: z.string() },
    answers: { 200: html },
    examples: [
      { name: 'A code', params: { code: 'insufficient_funds' }, status: 200 },
      { name: 'None of ours', params: { code: 'no_such_code' }, status: 404 },
    ],
  },
  ...['return', 'failed', 'cancelled'].map(
    (outcome): Operation => ({
      id: `show${outcome === 'return' ? 'Return' : outcome === 'failed' ? 'Failed' : 'Cancelled'}Page`,
      method: 'GET',
      path: `/deposits/:id/${outcome}`,
      absolute: true,
      tag: 'About',
      summary: 'Where Revio sends the browser of a payer; it says nothing about the deposit',
      access: 'public',
      params: { id: z.string() },
      answers: { 200: html },
      examples: [{ name: 'Any id', params: { id: samples.depositId }, status: 200 }],
    }),
  ),
];

/** The public routes that the gateway answers itself. What it passes on is described by the service that answers. */
export const operations: readonly Operation[] = [
  ...identityOperations,
  ...liveOperations,
  ...storyOperations,
  audit,
  ...about,
];
