// `npm run verify-audit [-- <seq>:<hash>]`: follows the audit log's chain and names the first row that is broken (REQUIREMENTS A7), of
// the system that `npm start` runs, or with the gateway's database in DATABASE_URL. It prints the head; noted down outside of this
// database and given back later, that shows a cut or rewritten log too.
import { connectDatabase } from '#libs/db';
import { createLogger } from '#libs/runtime';
import { verifyAudit } from '../../services/gateway/src/audit/verify-audit.ts';
import { readOptions } from '../local/options.ts';
import { readStackFile, stackFileIn } from '../local/stack-file.ts';

function databaseUrl(): string {
  const { DATABASE_URL: given } = process.env;
  if (given !== undefined) return given;
  const stack = readStackFile(stackFileIn(readOptions([], process.env, process.cwd()).runFolder));
  if (stack === undefined) throw new Error('Nothing runs here (npm start), and DATABASE_URL names no database.');
  return stack.services.gateway.admin_database_url;
}

function notedHead(text: string) {
  const [, seq, hash] = /^([1-9][0-9]{0,17}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new Error('A noted head is <seq>:<hash>, as this command prints it.');
  return { seq: BigInt(seq), hash };
}

try {
  const [noted] = process.argv.slice(2);
  const known = noted === undefined ? undefined : notedHead(noted);
  const logger = createLogger({ name: 'verify-audit', level: 'silent' });
  const db = await connectDatabase({
    url: databaseUrl(),
    entities: [],
    poolMax: 1,
    applicationName: 'verify-audit',
    logger,
  });
  try {
    const checked = await verifyAudit(db.read, { known });
    if (!checked.ok) throw new Error(`The audit log is broken at row ${checked.seq}: ${checked.because}.`);
    console.log(`${checked.head.seq} rows, unbroken. Head ${checked.head.seq}:${checked.head.hash}`);
  } finally {
    await db.close();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
