import type { Books } from './books.ts';
import type { Violation } from './rules.ts';

/** The rest of a broken rule's violations is counted: the first few show what it is about. */
const SHOWN_MAX = 10;

/** One line per rule, and under a broken one what breaks it. */
export function reportLines(rules: readonly string[], violations: readonly Violation[]): string[] {
  return rules.flatMap((rule) => {
    const found = violations.filter((violation) => violation.rule === rule);
    const shown = found.slice(0, SHOWN_MAX).map(({ subject, detail }) => `      ${subject}: ${detail}`);
    const more = found.length > SHOWN_MAX ? [`      and ${found.length - SHOWN_MAX} more`] : [];
    return [`  ${found.length === 0 ? '✓' : '✗'} ${rule}`, ...shown, ...more];
  });
}

/** How much was looked at: books without rows break no rule. */
export const sizeOf = ({ operations, op_txs, entries, provider, outbox }: Books): string =>
  `${operations.length} operations, ${op_txs.length} postings with ${entries.length} entries, ${outbox.length} messages, ` +
  `${provider.length} objects at Revio`;
