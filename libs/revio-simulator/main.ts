import { readConfig } from './config.ts';
import { startRevioSimulator } from './simulator.ts';

// The simulator as a process of its own, as `npm start` runs it.

const starting = startRevioSimulator(readConfig());

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await (await starting).stop();
  process.exit(0);
}

// Listened to from the first moment, for a launcher can also die while its child boots. The IPC channel closes with it, even
// by kill -9: nothing must be left running.
process.on('disconnect', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

const { url } = await starting;
process.stdout.write(
  `${JSON.stringify({ time: new Date().toISOString(), service: 'revio-simulator', url, msg: 'listening' })}\n`,
);
process.send?.({ ready: true, url });
