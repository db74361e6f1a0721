import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { poll } from '#libs/testing';
import { main, type RunningService } from './index.ts';

/** A process that only writes down how it ended. */
class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  readonly sent: unknown[] = [];
  connected = true;
  exit(code: number): void {
    this.exits.push(code);
  }
  send(message: unknown): void {
    this.sent.push(message);
  }
}

function started(stop: () => Promise<void> = async () => undefined) {
  const host = new FakeProcess();
  const service: RunningService = { url: 'http://a', opsUrl: 'http://b', stop };
  main(async () => service, host);
  return host;
}
const ready = (host: FakeProcess) => poll(() => host.sent.length === 1);
const never = () => new Promise<void>(() => undefined);

test('the parent is told where the service listens once it is ready', async () => {
  const host = started();
  await ready(host);
  expect(host.sent).toEqual([{ ready: true, url: 'http://a', opsUrl: 'http://b' }]);
});

test.each(['SIGTERM', 'SIGINT', 'disconnect'])('O2: %s drains and exits 0', async (signal) => {
  let drained = false;
  const host = started(async () => {
    drained = true;
  });
  await ready(host);
  host.emit(signal);
  await poll(() => host.exits.length === 1);
  expect([drained, host.exits]).toEqual([true, [0]]);
});

test('O2: a second signal does not wait for the drain', async () => {
  const host = started(never);
  await ready(host);
  host.emit('SIGTERM');
  host.emit('disconnect');
  expect(host.exits).toEqual([]);
  host.emit('SIGTERM');
  expect(host.exits).toEqual([1]);
});

test('O2: a signal while starting exits at once', () => {
  const host = new FakeProcess();
  main(() => new Promise<RunningService>(() => undefined), host);
  host.emit('SIGTERM');
  expect(host.exits).toEqual([0]);
});

test.each(['uncaughtException', 'unhandledRejection'])('F4: an %s ends the process', async (event) => {
  const host = started();
  await ready(host);
  host.emit(event, new Error('bug'));
  expect(host.exits).toEqual([1]);
});

test.each<[string, () => Promise<RunningService>]>([
  ['rejects', () => Promise.reject(new Error('the environment is not right'))],
  [
    'throws',
    () => {
      throw new Error('the environment is not right');
    },
  ],
])('a start that %s exits 1', async (_how, start) => {
  const host = new FakeProcess();
  main(start, host);
  await poll(() => host.exits.length === 1);
  expect(host.exits).toEqual([1]);
});

test('O2: a stop that fails exits 1', async () => {
  const host = started(() => Promise.reject(new Error('x')));
  await ready(host);
  host.emit('SIGTERM');
  await poll(() => host.exits.length === 1);
  expect(host.exits).toEqual([1]);
});
