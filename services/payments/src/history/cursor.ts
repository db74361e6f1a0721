import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Transaction } from '../transaction/transaction.ts';
import type { Order } from './filters.ts';

/**
 * Where a page ended: the sort key of its last row. Keys never change once a row is there (when it was made, its amount, its id), so
 * rows that come or change meanwhile neither push others onto the next page nor off it.
 */
export type Position = { createdAt: Date; id: string } | { currency: string; amountMinor: bigint; id: string };

/** Of a row in a list of this order. */
export const positionIn = ({ createdAt, currency, amountMinor, id }: Transaction, { sort }: Order): Position =>
  sort === 'created_at' ? { createdAt, id } : { currency, amountMinor, id };

const payload = z.tuple([
  /** The hash of the filters and the order that the list had. */
  z.string(),
  z.union([
    z.tuple([z.literal('t'), z.int(), z.string()]),
    z.tuple([z.literal('a'), z.string(), z.string().regex(/^[0-9]{1,19}$/), z.string()]),
  ]),
]);

/** Ours have some 160 characters. */
const textLengthMax = 400;

/** Signed, so that nobody can ask for positions of their own making, and what we put into it stays our affair. */
export function writeCursor(key: Buffer, listHash: string, at: Position): string {
  const keys =
    'createdAt' in at ? ['t', at.createdAt.getTime(), at.id] : ['a', at.currency, String(at.amountMinor), at.id];
  const text = Buffer.from(JSON.stringify([listHash, keys])).toString('base64url');
  return `${text}.${macOf(key, text).toString('base64url')}`;
}

export type ReadCursor = { ok: true; at: Position } | { ok: false; refusal: 'forged' | 'other_list' };

export function readCursor(key: Buffer, listHash: string, cursor: string): ReadCursor {
  const [text = '', mac = '', ...more] = cursor.length > textLengthMax ? [] : cursor.split('.');
  const expected = macOf(key, text);
  const given = Buffer.from(mac, 'base64url');
  if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return { ok: false, refusal: 'forged' };
  }
  const [hash, keys] = payload.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  if (hash !== listHash) return { ok: false, refusal: 'other_list' };
  if (keys[0] === 't') return { ok: true, at: { createdAt: new Date(keys[1]), id: keys[2] } };
  return { ok: true, at: { currency: keys[1], amountMinor: BigInt(keys[2]), id: keys[3] } };
}

/** The purpose is signed too, so that the key could serve another one without the two being taken for each other. */
const macOf = (key: Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(`history-cursor.${text}`).digest();
