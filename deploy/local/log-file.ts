import fs from 'node:fs';
import path from 'node:path';

/** One run's log and the one before: at a request a second a day of one service is about 30 MB. */
const LOG_BYTES_MAX = 50 * 1024 * 1024;

export type LogFile = { write: (line: string) => void; close: () => void };

/** Begins a new log and keeps the last as `<name>.1`; so again whenever it has grown to 50 MB. */
export function openLogFile(file: string): LogFile {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let bytes = 0;
  let descriptor = begin(file);
  return {
    write: (line) => {
      bytes += fs.writeSync(descriptor, `${line}\n`);
      if (bytes < LOG_BYTES_MAX) return;
      fs.closeSync(descriptor);
      descriptor = begin(file);
      bytes = 0;
    },
    close: () => fs.closeSync(descriptor),
  };
}

function begin(file: string): number {
  if (fs.existsSync(file)) fs.renameSync(file, `${file}.1`);
  return fs.openSync(file, 'a', 0o600);
}
