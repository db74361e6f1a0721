import fs from 'node:fs';
import path from 'node:path';
import { upAll } from 'docker-compose';
import { composeMistakes } from './check-compose.ts';
import { environmentFile } from './environment-file.ts';

/** Says what is wrong with docker-compose.yml; needs no Docker. Answers an exit code. */
export async function checkCompose(root: string): Promise<number> {
  const mistakes = await composeMistakes(root);
  for (const mistake of mistakes) console.error(mistake);
  if (mistakes.length === 0) console.log('docker-compose.yml is right as far as it shows without an engine');
  return mistakes.length === 0 ? 0 : 1;
}

/** Makes .env if there is none, builds the images and waits until everything is healthy. Answers an exit code. */
export async function composeUp(root: string): Promise<number> {
  const file = path.join(root, '.env');
  if (!fs.existsSync(file)) {
    const example = fs.readFileSync(path.join(root, '.env.example'), 'utf8');
    fs.writeFileSync(file, environmentFile(example), { mode: 0o600 });
    console.log('Wrote .env with fresh secrets: keep it, the data in the volumes need them.');
  }
  try {
    await upAll({ cwd: root, log: true, commandOptions: ['--build', '--wait'] });
    return 0;
  } catch (error) {
    console.error((error as { err?: string }).err ?? error);
    return 1;
  }
}
