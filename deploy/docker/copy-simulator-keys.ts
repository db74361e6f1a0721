// `node dist/deploy/docker/copy-simulator-keys.js URL FILE`, a job of docker-compose.yml.
import { writeFileSync } from 'node:fs';
import { simulatorPublicKeys } from '../local/simulator-keys.ts';

const [url, file] = process.argv.slice(2);
if (url === undefined || file === undefined) throw new Error('usage: copy-simulator-keys URL FILE');
writeFileSync(file, await simulatorPublicKeys(url));
