import { createLogger } from '#libs/runtime';
import type { RunningService } from './run-service.ts';

/** Less than orchestrators wait before they kill (Kubernetes: 30 s), so that a stop that hangs says so itself. */
const stopMsMax = 25_000;

/** What of the process is used here; tests give one of their own. */
interface Host {
  on(event: string, listener: (error: unknown) => void): unknown;
  exit(code: number): unknown;
  connected?: boolean;
  send?(message: unknown): unknown;
}

/**
 * Runs a service as this process: starts it, tells the parent (if it has one) where it listens, and stops it on SIGTERM, SIGINT, or when
 * the parent is gone. Exits 0 after a drained stop; 1 after a failed start, a second signal, a stop that hangs, or any error nobody
 * handled: whatever state that left in memory is not trusted, and what was accepted is in the database.
 */
export function main(start: () => Promise<RunningService>, host: Host = process): void {
  const logger = createLogger({ name: 'main', level: 'info' });
  let running: RunningService | undefined;
  let stopping = false;

  function die(why: string, err?: unknown): void {
    logger.fatal(err === undefined ? {} : { err }, why);
    host.exit(1);
  }

  function stop(reason: string): void {
    if (stopping) {
      die(`${reason} while stopping`);
      return;
    }
    stopping = true;
    logger.info({ reason }, 'stop asked for');
    // Still starting: nothing was accepted that the database does not hold.
    if (running === undefined) {
      host.exit(0);
      return;
    }
    setTimeout(() => die(`did not stop within ${stopMsMax} ms`), stopMsMax).unref();
    running.stop().then(
      () => host.exit(0),
      (err: unknown) => die('stop failed', err),
    );
  }

  host.on('SIGTERM', () => stop('SIGTERM'));
  host.on('SIGINT', () => stop('SIGINT'));
  // A parent that is gone can stop nobody any more: without this its children would outlive it.
  host.on('disconnect', () => {
    if (!stopping) stop('the parent is gone');
  });
  host.on('uncaughtException', (err) => die('uncaught exception', err));
  host.on('unhandledRejection', (err) => die('unhandled rejection', err));

  Promise.resolve()
    .then(start) // a start that throws at once, for a wrong environment, fails like any other
    .then(
      (service) => {
        running = service;
        if (host.connected) host.send?.({ ready: true, url: service.url, opsUrl: service.opsUrl });
      },
      (err: unknown) => die('start failed', err),
    );
}
