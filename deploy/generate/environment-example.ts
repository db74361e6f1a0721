import type { Section, Setting } from './settings.ts';

const mark = '# ── Every setting there is ──';
const introduction = `${mark}
# For services that run by themselves, each with its own section and the first; in the containers they take effect where
# docker-compose.yml hands them on. What stands here is the default, or nothing where it must be set.
# Generated from services/*/src/config.ts by \`npm run generate\`.`;

/** `.env.example`: what is written by hand for the containers, and below the mark every variable of every service. */
export function environmentExample(current: string, sections: readonly Section[]): string {
  const byHand = current.split(`\n${mark}`)[0]?.trimEnd();
  return `${[byHand, introduction, ...sections.map(blockOf)].join('\n\n')}\n`;
}

const blockOf = ({ title, settings }: Section): string => [`# ${title}`, ...settings.map(lineOf)].join('\n');

/** Commented out: a line that says what is so anyway would keep a later default from taking effect. */
const lineOf = ({ name, byDefault = '', comment }: Setting): string =>
  `${comment === '' ? '' : `#   ${comment}\n`}#${name}=${byDefault}`;
