import { z } from 'zod';
import { samples, shownAt, shownUuid } from '#libs/contracts';
import type { Operation } from '#libs/http';
import { credentials, passwordChange, refreshTokenBody, registration } from './credentials.ts';

const user = z
  .object({ id: shownUuid, email: z.string(), role: z.enum(['user', 'support', 'admin']), created_at: shownAt })
  .meta({ id: 'User' });
const aUser = { id: samples.userId, email: samples.email, role: 'user', created_at: samples.at } as const;

const tokens = z
  .object({
    access_token: z.string().meta({ description: 'For `Authorization: Bearer …`.' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds.' }),
    refresh_token: z.string().meta({ description: 'For one refresh. Keep it where nobody else reads it.' }),
    refresh_expires_in: z.int().meta({ description: 'Seconds.' }),
  })
  .meta({ id: 'Tokens' });
const someTokens = {
  access_token: 'eyJhbGciOiJFUzI1NiIs…',
  token_type: 'Bearer',
  expires_in: 900,
  refresh_token: 'Rk9sZ3V0…',
  refresh_expires_in: 604_800,
} as const;

const session = z
  .object({
    id: shownUuid,
    created_at: shownAt,
    last_used_at: shownAt,
    expires_at: shownAt.meta({ description: 'When it ends unless it is refreshed.' }),
    address: z.string().nullable(),
    user_agent: z.string().nullable(),
    current: z.boolean().meta({ description: 'Whether it is the one that asks.' }),
  })
  .meta({ id: 'Session' });

const { email, password } = samples;
/** Of the right form, and nobody's. */
const unknownToken = 'bm9ib2R5IHdhcyBldmVyIGdpdmVuIHRoaXMgdG9rZW4';
const nothing = { description: 'Done; there is no body' };

export const identityOperations: readonly Operation[] = [
  {
    id: 'register',
    method: 'POST',
    path: '/auth/register',
    tag: 'Access',
    summary: 'Become a user',
    description: 'A password has at least 8 characters, with an upper-case letter, a lower-case letter and a digit.',
    access: 'public',
    body: registration,
    answers: { 201: { description: 'The user', schema: user } },
    problems: ['email_taken', 'rate_limited'],
    examples: [
      { name: 'A new user', body: { email: 'new-user@example.com', password }, status: 201, answer: aUser },
      { name: 'A weak password', body: { email: 'new-user@example.com', password: 'short' }, status: 422 },
    ],
  },
  {
    id: 'login',
    method: 'POST',
    path: '/auth/login',
    tag: 'Access',
    summary: 'Get an access token and a refresh token',
    access: 'public',
    body: credentials,
    answers: { 200: { description: 'The tokens', schema: tokens } },
    problems: ['invalid_credentials', 'rate_limited'],
    examples: [
      { name: 'The right password', body: { email, password }, status: 200, answer: someTokens },
      { name: 'A wrong password', body: { email, password: 'Wrong-Horse-1' }, status: 401 },
    ],
  },
  {
    id: 'refresh',
    method: 'POST',
    path: '/auth/refresh',
    tag: 'Access',
    summary: 'Get new tokens for a refresh token',
    description:
      'Each refresh token is good for one refresh. If the answer was lost, the same token gets the same answer for ten seconds; after that, or once its successor was used, a token that comes again ends its whole session.',
    access: 'public',
    body: refreshTokenBody,
    answers: { 200: { description: 'The tokens', schema: tokens } },
    problems: ['invalid_refresh_token'],
    examples: [{ name: 'A token that is over', body: { refresh_token: unknownToken }, status: 401 }],
  },
  {
    id: 'logout',
    method: 'POST',
    path: '/auth/logout',
    tag: 'Access',
    summary: 'End the session of a refresh token',
    description: 'Access tokens of the session hold until their end, at most 15 minutes.',
    access: 'public',
    body: refreshTokenBody,
    answers: { 204: nothing },
    examples: [
      { name: 'A token that is over, which is no different', body: { refresh_token: unknownToken }, status: 204 },
    ],
  },
  {
    id: 'listSessions',
    method: 'GET',
    path: '/auth/sessions',
    tag: 'Access',
    summary: 'Where you are logged in, the newest first',
    access: 'user',
    answers: { 200: { description: 'The sessions', schema: z.object({ data: z.array(session) }) } },
    examples: [
      {
        name: 'One session',
        status: 200,
        answer: {
          data: [
            {
              id: samples.userId,
              created_at: samples.at,
              last_used_at: samples.at,
              expires_at: samples.at,
              address: '203.0.113.7',
              user_agent: 'curl/8.14',
              current: true,
            },
          ],
        },
      },
    ],
  },
  {
    id: 'revokeSession',
    method: 'DELETE',
    path: '/auth/sessions/:id',
    tag: 'Access',
    summary: 'End a session of yours',
    access: 'user',
    params: { id: z.uuid() },
    answers: { 204: nothing },
    problems: ['not_found'],
    examples: [{ name: 'None of yours', params: { id: samples.userId }, status: 404 }],
  },
  {
    id: 'revokeOtherSessions',
    method: 'DELETE',
    path: '/auth/sessions',
    tag: 'Access',
    summary: 'End every session but the one that asks',
    access: 'user',
    answers: { 204: nothing },
    examples: [{ name: 'All others', status: 204 }],
  },
  {
    id: 'changePassword',
    method: 'POST',
    path: '/auth/password',
    tag: 'Access',
    summary: 'Change the password, and end every session but the one that asks',
    access: 'user',
    body: passwordChange,
    answers: { 204: nothing },
    problems: ['wrong_password', 'rate_limited'],
    examples: [
      {
        name: 'The wrong old password',
        body: { current_password: 'Wrong-Horse-1', new_password: 'Battery-Staple-2' },
        status: 403,
      },
    ],
  },
  {
    id: 'readMe',
    method: 'GET',
    path: '/me',
    tag: 'Access',
    summary: 'Who you are',
    access: 'user',
    answers: { 200: { description: 'The user', schema: user } },
    examples: [{ name: 'A user', status: 200, answer: aUser }],
  },
];
