import type { EventType } from '#libs/contracts';
import { watchEvents } from '#libs/messaging';
import type { Platform } from '#libs/service';
import type { Config } from '../config.ts';
import type { Upstream } from '../upstream.ts';
import { type LiveStreams, liveStreams } from './live-streams.ts';
import { readTimeline } from './read-timeline.ts';

/** Payments tells one of these after each entry of a timeline but the first, which is there before anybody can ask for it. */
const types: readonly EventType[] = [
  'payments.payout-submitted.v1',
  'payments.void-requested.v1',
  'payments.transaction-completed.v1',
  'payments.transaction-failed.v1',
  'payments.audited.v1',
];

/** The live streams of this replica, woken by a queue of its own; without a broker they look by themselves more often. */
export function startLive(platform: Platform<Config>, payments: Upstream): LiveStreams {
  const { broker, clock, config, logger, metrics, releases } = platform;
  const live = liveStreams({
    read: (wanted) => readTimeline(payments, wanted),
    isWoken: () => broker?.available() === true && watcher?.listening() === true,
    clock,
    logger,
    metrics,
    streamsPerUserMax: config.LIVE_STREAMS_PER_USER,
    streamsMax: config.LIVE_STREAMS_MAX,
    heartbeatMs: config.LIVE_HEARTBEAT_MS,
    pollMs: config.LIVE_POLL_MS,
    pollUnwokenMs: config.LIVE_POLL_UNWOKEN_MS,
  });
  const watcher = broker && watchEvents({ broker, types, heard: live.wake, changed: live.wakeAll });
  releases.push('live wake-ups', async () => watcher?.stop());
  return live;
}
