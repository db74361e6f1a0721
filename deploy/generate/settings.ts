import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { config as gateway } from '../../services/gateway/src/config.ts';
import { config as payments } from '../../services/payments/src/config.ts';
import { config as reconciler } from '../../services/reconciler/src/config.ts';
import { config as wallet } from '../../services/wallet/src/config.ts';
import { config as webhooks } from '../../services/webhooks/src/config.ts';
import { environmentExample } from './environment-example.ts';

const configs = { gateway, wallet, payments, webhooks, reconciler };
/** A longer list would be wider than any screen. */
const LIST_SHOWN_MAX = 10;

export type Section = { title: string; settings: readonly Setting[] };
export type Setting = { name: string; byDefault: string | undefined; comment: string };

/** `docs/settings.md`: every variable that a service reads, with its default and the comment that stands beside it in the code. */
export function settings(): Map<string, string> {
  const sections = allSettings();
  const page = [introduction, ...sections.map(({ title, settings }) => section(title, settings)), commands].join('\n');
  return new Map([
    ['docs/settings.md', page],
    ['.env.example', environmentExample(readFileSync('.env.example', 'utf8'), sections)],
  ]);
}

/** What every service reads, then what each reads besides. */
function allSettings(): Section[] {
  const baseComments = commentsIn('libs/runtime/base-config.ts');
  const perService = Object.entries(configs).map(([title, config]): Section => {
    const comments = new Map([...baseComments, ...commentsIn(`services/${title}/src/config.ts`)]);
    return { title, settings: Object.entries(config.shape).map(([name, type]) => settingOf(name, type, comments)) };
  });
  const ofAll = (perService[0]?.settings ?? []).filter(({ name }) =>
    perService.every((one) => one.settings.some((setting) => setting.name === name)),
  );
  const shared = new Set(ofAll.map(({ name }) => name));
  const own = perService.map(({ title, settings: all }) => ({
    title,
    settings: all.filter(({ name }) => !shared.has(name)),
  }));
  return [{ title: 'Every service', settings: ofAll }, ...own];
}

const introduction = `# Settings

Environment variables, read once at the start; a service names all that are wrong with them and ends. \`NAME_FILE\` names a file that
holds the value of any of them instead, for secrets. Without a default a variable must be set. Durations are whole milliseconds.

\`npm start\` sets what connects the processes, and hands the rest of its own environment on: \`SWEEP_INTERVAL_MS=1000 npm start\` sets it
for every service that reads it, \`RECONCILER__LOG_LEVEL=debug npm start\` for one. \`.env.example\` is for containers.

Generated from \`services/*/src/config.ts\` by \`npm run generate\`.
`;

/** What the commands themselves read; written by hand, as there is no schema of it but for the audit. */
const commands = `## The commands

| variable | of | |
| --- | --- | --- |
| \`STATE_DIR\` | start, demo, audit, grant-role, verify-audit | A folder for data, secrets, logs and the description of what runs, so that two systems of one checkout share nothing. |
| \`PORT\` | start | The gateway's, as \`--port\`; then it must be free. |
| \`DATABASE_URL\` | grant-role, verify-audit | The gateway's database, as its owner, instead of that of what runs here. |
| \`DATABASE_URL\`, \`SEALING_KEYS\` | reseal | The payments database, as its owner, and the keys with the new one first. |
| \`DATABASE_URL\`, \`AMQP_URL\` | start | Servers of your own instead of private ones; the first as an administrator who may create databases and roles. |
| \`RABBITMQ_PLUGINS\` | start | Plugins of the private broker, parted by commas. |
| \`AUDIT_GATEWAY_URL\`, \`AUDIT_WALLET_URL\`, \`AUDIT_PAYMENTS_URL\`, \`AUDIT_WEBHOOKS_URL\`, \`AUDIT_RECONCILER_URL\`, \`AUDIT_PROVIDER_URL\` | audit | Judge these databases, as roles that may read schema \`audit\`, beside a simulated Revio's truth at the last. All databases or none; without the last, as beside the real Revio, what needs it is named and not judged. |
| \`REPLAY_GATEWAY_URL\`, \`REPLAY_WALLET_URL\`, \`REPLAY_PAYMENTS_URL\`, \`REPLAY_WEBHOOKS_URL\`, \`REPLAY_RECONCILER_URL\` | replay | Publish the kept messages of these databases again, as the services' own roles; any of them. |
| \`RESTORED_WALLET_URL\`, \`RESTORED_PAYMENTS_URL\` | after-restore | The restored databases, as their owners. |
| \`PAYMENTS_HISTORY_DB_PASSWORD\` | the migration job | Lets the role \`payments_history\` log in, for a history that is read from a replica ([scaling](scaling.md)). |
| \`NO_COLOR\` | demo | Plain text. |
`;

function settingOf(name: string, type: unknown, comments: Map<string, string>): Setting {
  const optional = type instanceof z.ZodOptional ? '' : undefined;
  const byDefault = type instanceof z.ZodDefault ? textOf(type.def.defaultValue) : optional;
  return { name, byDefault, comment: comments.get(name) ?? '' };
}

/** Amounts by currency are an object, and the default of all of them is none. */
const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? '' : String(value);

/** The doc comments of variables in a source file, each in one line. */
function commentsIn(file: string): Map<string, string> {
  const found = readFileSync(file, 'utf8').matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*([A-Z][A-Z0-9_]*):/g);
  return new Map([...found].map(([, comment = '', name = '']) => [name, comment.replaceAll(/\s+(\* )?/g, ' ').trim()]));
}

const section = (title: string, found: readonly Setting[]): string =>
  [`## ${title}`, '', '| variable | default | |', '| --- | --- | --- |', ...found.map(row), ''].join('\n');

const row = ({ name, byDefault, comment }: Setting): string =>
  `| \`${name}\` | ${defaultWords(byDefault)} | ${comment.replaceAll('|', '\\|')} |`;

function defaultWords(byDefault: string | undefined): string {
  if (byDefault === undefined) return 'must be set';
  const parts = byDefault.split(',');
  if (parts.length > LIST_SHOWN_MAX) return `\`${parts[0]},${parts[1]},…,${parts.at(-1)}\` (${parts.length})`;
  return byDefault === '' ? 'empty' : `\`${byDefault}\``;
}
