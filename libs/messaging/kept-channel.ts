import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, RecoveringChannelModel } from 'amqplib';
import type { Logger } from '#libs/runtime';
import { assertTopology, learnDeadQueues, type Names } from './topology.ts';

export interface ChannelUse<Session> {
  name: string;
  /** Makes a fresh channel ready to use. `gone` is aborted when the channel is no more. If it throws, it is tried again later. */
  open(channel: ConfirmChannel, gone: AbortSignal): Promise<Session>;
  /** After a session has begun. */
  opened?: () => void;
}

export interface KeptChannel<Session> {
  /** What `open` made of the present channel; undefined while there is none. */
  session(): Session | undefined;
  /** Throws the present channel away for a new one: it does not answer any more. */
  reset(): void;
  /** Closes the channel, after which its unanswered messages go back to their queue. */
  stop(): Promise<void>;
}

/** A channel dies of our own mistakes too (a queue that is gone, 404): trying again at once would be a storm. */
const REOPEN_PAUSE_MS_MIN = 100;
const REOPEN_PAUSE_MS_MAX = 5_000;
/** What a healthy broker needs a few milliseconds for; a hung one is left to the end of its connection. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Keeps one confirm channel open across lost channels and lost connections. The topology is asserted on each new one, not once per
 * connection: a queue that somebody deleted is back before its consumer misses it.
 */
export function keepChannel<Session>(
  on: { connection: RecoveringChannelModel; names: Names; asFound: Set<string>; logger: Logger },
  use: ChannelUse<Session>,
): KeptChannel<Session> {
  const stopping = new AbortController();
  let current: Session | undefined;
  let giveUp = async () => {};

  async function holdOne(): Promise<void> {
    const channel = await on.connection.createConfirmChannel();
    const gone = new AbortController();
    const ended = new Promise<void>((resolve) => gone.signal.addEventListener('abort', () => resolve()));
    channel.on('error', (err) => on.logger.warn({ err, channel: use.name }, 'RabbitMQ closed a channel'));
    channel.on('close', () => gone.abort());
    giveUp = async () => {
      current = undefined;
      gone.abort();
      await closeQuietly(channel);
    };
    try {
      if (stopping.signal.aborted) return;
      await assertTopology(channel, on.names, on.asFound);
      const session = await use.open(channel, gone.signal);
      if (gone.signal.aborted) return;
      current = session;
      use.opened?.();
      await ended;
    } finally {
      await giveUp();
    }
  }

  async function keep(): Promise<void> {
    for (let pauseMs = REOPEN_PAUSE_MS_MIN; !stopping.signal.aborted; ) {
      try {
        await holdOne();
        pauseMs = REOPEN_PAUSE_MS_MIN;
      } catch (err) {
        learnDeadQueues(on.asFound, err, on.names);
        if (!stopping.signal.aborted) on.logger.warn({ err, channel: use.name }, 'a channel could not be opened');
        pauseMs = Math.min(REOPEN_PAUSE_MS_MAX, pauseMs * 2);
      }
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  void keep();
  return {
    session: () => current,
    reset: () => void giveUp(),
    // Does not wait for `keep`: without a connection that one ends only when the connection is given up.
    stop: async () => {
      stopping.abort();
      await giveUp();
    },
  };
}

async function closeQuietly(channel: ConfirmChannel): Promise<void> {
  const closed = channel.close().catch(() => {}); // it is closed, or its connection is
  await Promise.race([closed, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}
