import { type Clock, type Logger, type LoopDefinition, startLoop } from '#libs/runtime';
import type { Metrics } from '#libs/telemetry';

/** A service's loops, counted, as one thing to stop. */
export function startLoops(
  definitions: readonly LoopDefinition[],
  deps: { logger: Logger; metrics: Metrics; clock: Clock },
): { wake(name: string): void; stop(): Promise<void> } {
  const runs = deps.metrics.counter({
    name: 'loop_runs_total',
    help: 'Runs of background work by how they ended',
    labels: ['loop', 'outcome'],
    zero: definitions.flatMap(({ name }) => ['ok', 'failed'].map((outcome) => ({ loop: name, outcome }))),
  });
  // Absent until the first success: a loop that never worked must not look as if it had.
  const lastSuccess = deps.metrics.gauge({
    name: 'loop_last_success_timestamp_seconds',
    help: 'When the background work last ended well, Unix time',
    labels: ['loop'],
  });

  const loops = new Map(
    definitions.map((definition) => {
      const { name, runOnce } = definition;
      const loop = startLoop({
        ...definition,
        logger: deps.logger,
        onError: () => runs.inc({ loop: name, outcome: 'failed' }),
        runOnce: async (signal) => {
          const done = await runOnce(signal);
          runs.inc({ loop: name, outcome: 'ok' });
          lastSuccess.set({ loop: name }, deps.clock.now().getTime() / 1000);
          return done ?? 0;
        },
      });
      return [name, loop];
    }),
  );

  return {
    wake: (name) => loops.get(name)?.wake(),
    stop: async () => {
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
    },
  };
}
