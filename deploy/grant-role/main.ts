// `npm run grant-role -- <email> <user|support|admin>`: of the system that `npm start` runs, or with the gateway's database in
// DATABASE_URL, as its owner. Admin acts that move money need two of them (REQUIREMENTS R4).
import { readOptions } from '../local/options.ts';
import { readStackFile, stackFileIn } from '../local/stack-file.ts';
import { grantRole, type Role, roles } from './grant-role.ts';

const [email = '', role = ''] = process.argv.slice(2);

function ownerUrl(): string {
  const { DATABASE_URL: given } = process.env;
  if (given !== undefined) return given;
  const stack = readStackFile(stackFileIn(readOptions([], process.env, process.cwd()).runFolder));
  if (stack === undefined) throw new Error('Nothing runs here (npm start), and DATABASE_URL names no database.');
  return stack.services.gateway.admin_database_url;
}

try {
  if (email === '' || !roles.some((known) => known === role))
    throw new Error(`Say whom and what: npm run grant-role -- <email> <${roles.join('|')}>`);
  if (!(await grantRole(ownerUrl(), email, role as Role))) throw new Error('Nobody has registered with this address.');
  console.log(`From the next login on: ${role}.`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
