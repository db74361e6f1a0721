import { decide } from '../../services/reconciler/src/decide.ts';
import type { Decision } from '../../services/reconciler/src/decision.ts';
import { type Column, type Row, type Table, tables } from './decision-rows.ts';
import { policy } from './decision-samples.ts';
import { wordsOfCases, wordsOfReasons } from './decision-words.ts';

/** `docs/decisions.md`: every cell is what the code decides; a rule that changes is a change of this document. */
export function decisions(): Map<string, string> {
  const used = tables.flatMap(({ columns, rows }) =>
    rows.flatMap((row) => columns.map((column) => decisionOf(row, column))),
  );
  const sections = tables.map(section);
  const document = [introduction, ...sections, glossary('The causes of cases', causesIn(used), wordsOfCases)];
  return new Map([
    ['docs/decisions.md', [...document, glossary('The other words', reasonsIn(used), wordsOfReasons)].join('\n')],
  ]);
}

const introduction = `# What follows from what Revio says

A webhook, the answer to a call of ours and a read are all the same to the reconciler: something observed, beside what is expected and
what was decided before. One function says what follows; these tables are made from it by \`npm run generate\`, cell by cell.

- **credit** – the user's balance grows by what was paid. Once per purchase.
- **pay out** – the held amount is gone to the bank. **release** – it goes back to the user. One of both, once per withdrawal.
- **show as …** – the deposit is shown so; it can still be paid.
- **reverse** – a refund or chargeback takes the credit back; what the user has spent of it becomes a debt. Once per Payment.
- **return** – a payout that succeeded came back: the user has the money again. Once per payout.
- **read** – nothing yet: ask Revio. **wait** – nothing yet: payments has not told what to expect.
- **CASE** – nothing is moved, people look at it (\`docs/people.md\`). What waits for a day in vain becomes one as well.
- **–** nothing follows; the word says why.
`;

function section({ title, text, columns, rows }: Table): string {
  const head = ['what Revio says', ...columns.map((column) => column.title)];
  return [
    `## ${title}`,
    '',
    text,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line([row.title, ...columns.map((column) => said(decisionOf(row, column), column))])),
    '',
  ].join('\n');
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const decisionOf = (row: Row, { expected, known }: Column): Decision =>
  decide(expected, row.observed, row.known?.(known) ?? known, { ...policy, ...row.policy });

function said(decision: Decision, { expected }: Column): string {
  switch (decision.kind) {
    case 'settle':
      return expected?.kind === 'withdrawal' ? '**pay out**' : '**credit**';
    case 'fail':
      return expected?.kind === 'withdrawal' ? `**release** ${decision.reason}` : `show as ${decision.status}`;
    case 'reverse':
      return `**reverse** ${decision.amountMinor / 100n}.${String(decision.amountMinor % 100n).padStart(2, '0')}`;
    case 'return':
      return '**return**';
    case 'ignore':
      return `– ${decision.reason}`;
    case 'park':
      return `wait ${decision.reason}`;
    case 'read':
      return `read ${decision.reason}`;
    case 'case':
      return `CASE ${decision.cause}`;
  }
}

const causesIn = (used: readonly Decision[]): string[] =>
  used.flatMap((decision) => (decision.kind === 'case' ? [decision.cause] : []));
const reasonsIn = (used: readonly Decision[]): string[] =>
  used.flatMap((decision) => ('reason' in decision ? [decision.reason] : []));

/** Each word once, explained; a word that nobody explained, or that explains nothing, is a mistake. */
function glossary(title: string, used: readonly string[], words: Readonly<Record<string, string>>): string {
  const found = [...new Set(used)].sort();
  const unexplained = found.filter((word) => words[word] === undefined);
  const unused = Object.keys(words).filter((word) => !found.includes(word));
  if (unexplained.length + unused.length > 0)
    throw new Error(`docs/decisions.md: unexplained ${unexplained.join(', ')}; unused ${unused.join(', ')}`);
  return [`## ${title}`, '', ...found.map((word) => `- \`${word}\`: ${words[word]}`), ''].join('\n');
}
