import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * One line that a runbook gives to paste, as far as it can be carried out beside a stack without containers. `maybeSilent`: it ends with a
 * comment that says what it means when nothing comes of it.
 */
export type Command = { text: string; maybeSilent: boolean } & Action;

type Action =
  | { kind: 'query'; promql: string }
  | { kind: 'log'; service: string; pattern: RegExp }
  | { kind: 'api'; path: string }
  | { kind: 'sql'; service: string; sql: string }
  | { kind: 'other' };

/** The lines of its code blocks. */
export const linesOf = (page: string): string[] =>
  [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  );

export function readRunbook(root: string, alert: string): Command[] {
  const page = readFileSync(path.join(root, 'docs/runbooks', fileOf(alert)), 'utf8');
  return linesOf(page).map((text) => {
    const bare = text.replace(/ # nothing: .+$/, '');
    return { text, maybeSilent: bare !== text, ...actionOf(bare) };
  });
}

export const fileOf = (alert: string): string => `${alert.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.md`;

function actionOf(text: string): Action {
  const [, promql] = /^# in Prometheus: (.+)$/.exec(text) ?? [];
  if (promql !== undefined) return { kind: 'query', promql };
  const [, service, pattern] = /^docker compose logs --since 30m (\S+) \| grep (?:-E )?'(.+)'$/.exec(text) ?? [];
  if (service !== undefined && pattern !== undefined)
    return { kind: 'log', service, pattern: new RegExp(text.includes('grep -E') ? pattern : escaped(pattern)) };
  const [, address] = /"\$GATEWAY\/api\/v1([^"]+)"$/.exec(text) ?? [];
  if (address !== undefined) return { kind: 'api', path: address };
  const [, database, sql] =
    /^docker compose exec postgres psql -U postgres piggybank_(\S+) -c '(.+)'$/.exec(text) ?? [];
  if (database !== undefined && sql !== undefined) return { kind: 'sql', service: database, sql };
  return { kind: 'other' };
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
