/** What the terminal shows of the services' JSON lines: warnings and worse, or everything. */
export function lineShower(verbose: boolean): (name: string, line: string) => void {
  return (name, line) => {
    const said = parse(line);
    if (said === undefined)
      console.error(`${name}: ${line}`); // not from the logger: a crash, or Node itself
    else if (verbose || SHOWN_LEVELS.has(said.level ?? '')) console.error(`${name}: ${describe(said)}`);
  };
}

const SHOWN_LEVELS = new Set(['warn', 'error', 'fatal']);

type LogLine = { level?: string; msg?: string; err?: { message?: string } };

function parse(line: string): LogLine | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const describe = ({ level, msg, err }: LogLine): string =>
  [level, msg, err?.message].filter((part) => part !== undefined).join(' · ');
