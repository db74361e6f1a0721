import { z } from 'zod';
import type { Books } from './state.ts';

/** What an object is called by those who arm faults for it: its reference and its payer's e-mail; a refund's are its purchase's. */
export function namesOfObject({ purchases, payments, payouts }: Books, objectId: string): string[] {
  const object = purchases.get(payments.get(objectId)?.purchaseId ?? objectId) ?? payouts.get(objectId);
  return object === undefined ? [] : [object.request.reference, object.request.client.email];
}

const named = z.object({ reference: z.string(), client: z.object({ email: z.string() }) });

/** The same of a body that asks for a new object. */
export function namesInBody(body: string): string[] {
  try {
    const read = named.safeParse(JSON.parse(body));
    return read.success ? [read.data.reference, read.data.client.email] : [];
  } catch {
    return [];
  }
}
