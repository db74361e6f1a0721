import { type ProblemKind, problemCatalogue } from '#libs/http';

/** `docs/problems/<code>.md`, a page per code, and the list of them. */
export function problemPages(): Map<string, string> {
  const all: [string, ProblemKind][] = Object.entries(problemCatalogue);
  const list = all
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { status, title }]) => `| [\`${code}\`](${code}.md) | ${status} | ${title} |`);
  return new Map([
    ...all.map(([code, kind]) => [`docs/problems/${code}.md`, page(code, kind)] as const),
    ['docs/problems/README.md', [...introduction, ...list, ''].join('\n')],
  ]);
}

const introduction = [
  '# Problems',
  '',
  'Every refusal is problem details (RFC 9457), `application/problem+json`, with a `code` that stays the same for good. `type` points to the',
  'page of the code, `errors` names each wrong field by a JSON Pointer, `request_id` names the request in our logs.',
  '',
  'Generated from `libs/http/problem-catalogue.ts` by `npm run generate`.',
  '',
  '| code | status | |',
  '| --- | --- | --- |',
];

const page = (code: string, { status, title, when, remedy }: ProblemKind): string =>
  `# \`${code}\`\n\n${status}: ${title}.\n\n${when}\n\n**What to do.** ${remedy}\n`;
