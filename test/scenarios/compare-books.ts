import type { Violation } from '../../deploy/audit/rules.ts';

/** An open case, as far as it explains a difference. */
export interface OpenCase {
  cause: string;
  transactionId: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: evidence of many kinds
  evidence: any;
}

/** What no open case explains: to the cent where amounts differ, else by a case about that very transaction. */
export function unexplained(violations: readonly Violation[], cases: readonly OpenCase[]): Violation[] {
  return violations.filter((violation) => {
    const about = cases.filter(({ transactionId }) => transactionId === violation.subject);
    const difference = differenceOf(violation);
    if (difference === null) return !(mayWait.has(violation.rule) && about.length > 0);
    return !isSumOf(difference, about.flatMap(amountsNamed));
  });
}

/** Of these a case may stand instead of the end: a human has to decide, and until then nothing is moved. */
const mayWait = new Set(['every accepted operation is terminal', 'I4 every hold has ended']);

/** How much more Revio says than we, by the audit's words. */
function differenceOf({ rule, detail }: Violation): bigint | null {
  const [, here, expected] = /^(-?\d+) here, (-?\d+) expected$/.exec(detail) ?? [];
  if (!rule.startsWith('I9') || here === undefined || expected === undefined) return null;
  return BigInt(expected) - BigInt(here);
}

/** What came in, what went back of it and what moved, as the evidence of a case says. */
function amountsNamed({ evidence }: OpenCase): bigint[] {
  const observed = evidence?.observed;
  if (observed?.object_type === 'purchase' && observed.payment !== null) {
    const cameIn = BigInt(observed.payment.amount_minor);
    const wentBack = observed.refundable_minor == null ? 0n : cameIn - BigInt(observed.refundable_minor);
    return [cameIn, wentBack - BigInt(evidence.reversed_minor ?? 0)];
  }
  return observed?.amount_minor === undefined ? [] : [BigInt(observed.amount_minor)];
}

/** Whether the difference is one of the amounts, or several cases' together. */
const isSumOf = (difference: bigint, [first, ...rest]: readonly bigint[]): boolean =>
  first !== undefined && (difference === first || isSumOf(difference, rest) || isSumOf(difference - first, rest));
