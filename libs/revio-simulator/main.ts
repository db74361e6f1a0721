import { readConfig } from './config.ts';
import { startRevioSimulator } from './simulator.ts';

// The simulator as a process of its own, as `npm start` runs it.

const simulator = await startRevioSimulator(readConfig());
process.stdout.write(
  `${JSON.stringify({ time: new Date().toISOString(), service: 'revio-simulator', url: simulator.url, msg: 'listening' })}\n`,
);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await simulator.stop();
  process.exit(0);
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// The launcher's end of the IPC channel closes when it dies, even by kill -9: nothing must be left running.
process.on('disconnect', stop);
process.send?.({ ready: true, url: simulator.url });
