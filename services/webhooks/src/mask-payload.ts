/** What support may see of a payload: ids, words of Revio's and sums. Every other value is somebody's, until it is named here. */
const shown = new Set([
  ...['id', 'type', 'event_type', 'status', 'reference', 'reference_generated', 'is_test', 'brand_id', 'product'],
  ...['created_on', 'updated_on', 'paid_on', 'due', 'viewed_on', 'timestamp', 'due_strict', 'marked_as_paid'],
  ...['amount', 'net_amount', 'fee_amount', 'pending_amount', 'total', 'price', 'quantity', 'currency', 'is_outgoing'],
  ...['payment_type', 'payment_method', 'successful', 'processing_time', 'code', 'refundable_amount'],
]);

const masked = '***';
/** A hostile body that nests deeper is cut off, not followed. */
const depthMax = 12;

/** The payload's shape with the values of people, banks and cards left out; `***` for a text that is no JSON. Empty values stay. */
export function maskPayload(text: string): unknown {
  try {
    return mask(JSON.parse(text), false, 0);
  } catch {
    return masked;
  }
}

function mask(value: unknown, isShown: boolean, depth: number): unknown {
  if (value === null || value === '') return value;
  if (typeof value !== 'object') return isShown ? value : masked;
  if (depth >= depthMax) return masked;
  if (Array.isArray(value)) return value.map((entry) => mask(entry, false, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, mask(inner, shown.has(name), depth + 1)]),
  );
}
