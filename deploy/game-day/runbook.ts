import fs from 'node:fs';
import path from 'node:path';

/** One line that a runbook gives to paste, as far as it can be carried out beside a stack without containers. */
export type Command =
  | { kind: 'query'; text: string; promql: string }
  | { kind: 'log'; text: string; service: string; pattern: RegExp }
  | { kind: 'api'; text: string; path: string }
  | { kind: 'sql'; text: string; database: string; sql: string }
  | { kind: 'other'; text: string };

/** The lines of its code blocks. */
export const linesOf = (page: string): string[] =>
  [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  );

export function readRunbook(root: string, alert: string): Command[] {
  const file = alert.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return linesOf(fs.readFileSync(path.join(root, `docs/runbooks/${file}.md`), 'utf8')).map(commandOf);
}

export function commandOf(text: string): Command {
  const [, promql] = /^# in Prometheus: (.+)$/.exec(text) ?? [];
  if (promql !== undefined) return { kind: 'query', text, promql };
  const [, service, pattern] = /^docker compose logs --since 30m (\S+) \| grep (?:-E )?'(.+)'$/.exec(text) ?? [];
  if (service !== undefined && pattern !== undefined)
    return { kind: 'log', text, service, pattern: new RegExp(text.includes('grep -E') ? pattern : escaped(pattern)) };
  const [, address] = /"\$GATEWAY\/api\/v1([^"]+)"$/.exec(text) ?? [];
  if (address !== undefined) return { kind: 'api', text, path: address };
  const [, database, sql] = /^psql "\$([A-Z_]+)" -c '(.+)'$/.exec(text) ?? [];
  if (database !== undefined && sql !== undefined) return { kind: 'sql', text, database, sql };
  return { kind: 'other', text };
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
