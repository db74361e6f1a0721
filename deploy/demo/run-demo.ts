import { styleText } from 'node:util';
import { parseAmount } from '#libs/money';
import { booksOf } from '../audit/running-books.ts';
import { type Api, newUser } from './api.ts';
import { compareBooks } from './compare-books.ts';
import { createJournal, type Event, type Kind } from './journal.ts';
import { type OpenedStack, openStack } from './open-stack.ts';
import { openSources } from './sources.ts';
import { tellStory } from './story.ts';
import { watchTransactions } from './watch.ts';

/** Lines are for terminals of this width; longer ones are cut. */
const COLUMNS = 120;

const LEGEND = `
  posting  what the wallet's ledger wrote: signed entries that sum to zero, and the balance after them
  state    what GET /api/v1/transactions/{id} tells the user
  message  sender → receiver over RabbitMQ, as it stands in the sender's outbox`;

/** `npm run demo`. Answers the exit code: 0 when every payment and every rule of the audit was right. */
export async function runDemo(root: string): Promise<number> {
  const paint = painter(process.stdout.isTTY && process.env['NO_COLOR'] === undefined);
  const say = (text: string): void => console.log(text);
  let opened: OpenedStack | undefined;
  try {
    opened = await openStack(root, say);
    return await playOn(opened, say, paint);
  } catch (error) {
    if (!opened?.interrupted()) say(`\n${paint('red', '✗')} ${(error as Error).message}`);
    return 1;
  } finally {
    if (opened?.ours && !opened.interrupted()) say('\nStopping the system that was started for this …');
    await opened?.close();
  }
}

async function playOn({ stack }: OpenedStack, say: (text: string) => void, paint: Paint): Promise<number> {
  const urls = booksOf(stack);
  const sources = await openSources(urls.databases);
  try {
    const { api, email } = await newUser(stack.gateway_url);
    say(`\nPiggybank at ${stack.gateway_url}, Revio simulated at ${stack.simulator.url}, a new user: ${email}`);
    say(paint('dim', LEGEND));
    const journal = createJournal((event, sinceMs) => say(eventLine(event, sinceMs, paint)));
    const watch = watchTransactions({ api, sources, journal });
    let chapter = 0;
    const headline = (text: string): void => say(`\n${paint('bold', `${++chapter}  ${text}`)}`);
    const { transactionIds } = await tellStory({ api, watch, journal, headline });

    headline('The audit');
    const balanceMinor = await balanceOf(api);
    const { lines, ok } = await compareBooks(urls, { transactionIds, accounts: watch.accounts(), balanceMinor });
    for (const line of lines) say(line.replace('✓', paint('green', '✓')).replace('✗', paint('red', '✗')));
    say(ok ? '\nEverything is as it should be.' : `\n${paint('red', 'The books are not right: see ✗ above.')}`);
    return ok ? 0 : 1;
  } finally {
    await sources.close();
  }
}

async function balanceOf(api: Api): Promise<bigint> {
  const { available = '', held = '' } = await api.get('/wallets/ZAR');
  const minor = (text: string): bigint => {
    const parsed = parseAmount(text, 'ZAR');
    return parsed.ok ? parsed.amountMinor : 0n;
  };
  return minor(available) + minor(held);
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan' | 'yellow' | 'magenta';
type Paint = (style: Style, text: string) => string;

const painter =
  (inColour: boolean): Paint =>
  (style, text) =>
    inColour ? styleText(style, text) : text;

const styles: Record<Kind, Style> = {
  you: 'bold',
  gateway: 'bold',
  Revio: 'magenta',
  posting: 'green',
  state: 'yellow',
  message: 'cyan',
};

function eventLine({ kind, text }: Event, sinceMs: number, paint: Paint): string {
  const time = `${(sinceMs / 1000).toFixed(2).padStart(7)} s`;
  const room = COLUMNS - time.length - 12;
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return `${paint('dim', time)}  ${paint(styles[kind], kind.padEnd(8))}  ${shown}`;
}
