import { z } from 'zod';

/**
 * The scalars of the public API's descriptions. An amount that comes in is `unknown` to its schema, because it is only exact together
 * with its currency and `parseAmount` reads the two at once; what it must look like is told here all the same.
 */
export const amountText = z.unknown().meta({
  type: 'string',
  pattern: '^(0|[1-9][0-9]*)(\\.[0-9]+)?$',
  maxLength: 24,
  description:
    'A decimal string above zero, such as "150.00", with at most as many decimals as the currency has (ISO 4217). Never a JSON number.',
});

export const shownAmount = z
  .string()
  .regex(/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/)
  .meta({ description: 'A decimal string with all of the currency’s digits.' });

export const shownAt = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC.' });
export const shownUuid = z.string().meta({ format: 'uuid' });

/**
 * What the examples of the descriptions are about. The test that carries the examples out puts the real thing of its own running system
 * wherever one of these stands (test/api-examples.int.test.ts).
 */
export const samples = {
  email: 'user@example.com',
  password: 'Correct-Horse-1',
  userId: '5f0c8a4e-6d0e-4a57-9a8e-0a1f6f6f3c11',
  adminId: '8d1f2c0b-4b1e-4c57-8d59-2f1f0b7a9e02',
  depositId: 'dep_01JDA7Q0Z4N8V6B1T3W5Y7X9AC',
  withdrawalId: 'wd_01JDA7R3M5K7H9F1D3B5A7C9EG',
  bankAccountId: '0b7b5c1e-3f64-4d7e-8d5b-7a5d0f2e4c33',
  freezeId: 'c2a9d3f1-7e58-4b0a-9c46-1e8f3d5b7a64',
  caseId: 'e4b1a7c9-2d63-4f85-8a17-3c5e7f9b1d85',
  adjustmentId: 'adj_01JDA7S6P8R0T2V4X6Z8A1C3EH',
  deliveryId: 'a6c3e9f5-1b47-4d69-8f21-5e7a9c3d1b46',
  key: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  etag: '"1c8a0f1d2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6"',
  at: '2026-11-23T08:15:30.000Z',
} as const;
