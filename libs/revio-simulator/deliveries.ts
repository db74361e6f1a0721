import { setImmediate } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { SimClock } from './clock.ts';
import type { Faults } from './faults.ts';
import { signatureOf } from './keys.ts';
import {
  COPIES_SHOWN_MAX,
  DELIVERIES_IN_FLIGHT_MAX,
  DELIVERIES_KEPT_MAX,
  REORDER_HOLD_MS,
  RETRY_MINUTES,
} from './limits.ts';
import { namesOfObject } from './names.ts';
import type { WireObject } from './platform.ts';
import type { Books, Delivery, KeyPems, Webhook } from './state.ts';

export type Deliveries = {
  /** Queues one event for every registered webhook that wants it, and for the purchase's own `success_callback` once paid. */
  emit(event: string, object: WireObject): void;
  /** Takes up what an earlier process left undelivered. */
  resumeFromBooks(): void;
  pause(): void;
  resume(): void;
  /** Resolves when no request is on its way; a delivery that waits for its retry time is not on its way. */
  settled(): Promise<void>;
  /** Sends these bytes, returning the status, or the error's words. */
  post(
    url: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<{ status: number | null; error: string | null }>;
  stop(): Promise<void>;
};

type Deps = {
  books: Books;
  clock: SimClock;
  faults: Faults;
  /** Known to no receiver: signs what is forged. */
  strangersKey: KeyPems;
  timeoutMs: number;
  realNowMs(): number;
  newId(): string;
  changed(): void;
};

/**
 * What is due to one receiver about one object. The head blocks the rest until it is delivered or given up: the platform
 * withholds the later events of an object as long as an earlier one is refused (REVIO.md §1.5).
 */
type Lane = { name: string; waiting: Delivery[]; heldBack: Delivery[]; busy: boolean; wakesAtMs: number | null };

/** At which simulated time the head may be tried; the platform counts its retries from the first try. */
function dueMs(delivery: Delivery): number {
  if (delivery.firstTryMs === null) return 0;
  return delivery.firstTryMs + (RETRY_MINUTES[delivery.tries - 1] ?? 0) * 60_000;
}

function wants(webhook: Webhook, event: string): boolean {
  return webhook.callback !== null && (webhook.allEvents || webhook.events.includes(event));
}

export function createDeliveries(deps: Deps): Deliveries {
  const { books, clock, faults } = deps;
  const agent = new Agent({ connections: DELIVERIES_IN_FLIGHT_MAX, pipelining: 1, connect: { noDelay: true } });
  const lanes = new Map<string, Lane>();
  const onTheirWay = new Set<Promise<void>>();
  let paused = false;
  let stopped = false;

  const namesOf =
    ({ objectId }: Pick<Delivery, 'objectId'>) =>
    () =>
      namesOfObject(books, objectId);

  async function post(url: string, body: string, headers: Record<string, string>) {
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json', ...headers },
        body,
        signal: AbortSignal.timeout(deps.timeoutMs),
      });
      await response.body.dump();
      const refusal = response.statusCode >= 200 && response.statusCode < 300 ? null : `HTTP ${response.statusCode}`;
      return { status: response.statusCode, error: refusal };
    } catch (error) {
      return { status: null, error: error instanceof Error ? error.message || error.name : String(error) };
    }
  }

  /** One try: usually one request, with a `duplicate` fault many identical ones at once, with `forge` a stranger's signature. */
  async function tryOnce(delivery: Delivery): Promise<void> {
    const webhook = delivery.webhookId === null ? undefined : books.webhooks.get(delivery.webhookId);
    const url = webhook?.callback ?? delivery.url;
    const fault = faults.takeForWebhook(delivery.event, ['duplicate', 'forge'], namesOf(delivery));
    const key = fault?.kind === 'forge' ? deps.strangersKey : (webhook ?? books.companyKey);
    const headers = { 'x-signature': signatureOf(delivery.body, key) };
    const copies = fault?.kind === 'duplicate' ? fault.copies : 1;
    delivery.firstTryMs ??= clock.nowMs();
    delivery.tries += 1;
    const atMs = deps.realNowMs();
    const results = await Promise.all(Array.from({ length: copies }, () => post(url, delivery.body, headers)));
    if (stopped) return;
    const accepted = results.some(({ error }) => error === null);
    delivery.url = url;
    for (const { error } of results.slice(0, COPIES_SHOWN_MAX)) delivery.attempts.push({ atMs, error });
    if (accepted) {
      delivery.state = 'delivered';
      delivery.deliveredAtMs = deps.realNowMs();
    } else if (delivery.tries > RETRY_MINUTES.length) {
      delivery.state = 'given_up';
    }
    deps.changed();
  }

  async function drain(lane: Lane): Promise<void> {
    // The answer to the call that caused an event leaves first, as it nearly always does for real; the fault
    // `webhook_before_response` is there for the other order.
    await setImmediate();
    for (let head = lane.waiting[0]; head !== undefined && !paused && !stopped; head = lane.waiting[0]) {
      if (dueMs(head) > clock.nowMs()) {
        wakeAt(lane, dueMs(head));
        break;
      }
      await tryOnce(head);
      if (head.state !== 'waiting') lane.waiting.shift();
    }
    // In the same tick as the last look at the lane: an event queued any later finds it idle and kicks it.
    lane.busy = false;
    if (lane.waiting.length + lane.heldBack.length === 0) lanes.delete(lane.name);
  }

  function wakeAt(lane: Lane, atMs: number): void {
    if (lane.wakesAtMs === atMs) return;
    lane.wakesAtMs = atMs;
    clock.at(atMs, () => {
      lane.wakesAtMs = null;
      kick(lane);
    });
  }

  function kick(lane: Lane): void {
    if (lane.busy || stopped) return;
    lane.busy = true;
    const way = drain(lane).finally(() => onTheirWay.delete(way));
    onTheirWay.add(way);
  }

  function laneOf(delivery: Delivery): Lane {
    const name = `${delivery.objectId} ${delivery.webhookId ?? 'success_callback'}`;
    const lane = lanes.get(name) ?? { name, waiting: [], heldBack: [], busy: false, wakesAtMs: null };
    lanes.set(name, lane);
    return lane;
  }

  function enqueue(delivery: Delivery): void {
    const delay = faults.takeForWebhook(delivery.event, ['delay'], namesOf(delivery));
    if (delay !== undefined) {
      clock.at(clock.nowMs() + delay.ms, () => join(delivery));
      return;
    }
    const lane = laneOf(delivery);
    if (faults.takeForWebhook(delivery.event, ['reorder'], namesOf(delivery)) !== undefined) {
      lane.heldBack.push(delivery);
      clock.at(clock.nowMs() + REORDER_HOLD_MS, () => release(lane));
      return;
    }
    join(delivery);
  }

  function join(delivery: Delivery): void {
    const lane = laneOf(delivery);
    lane.waiting.push(delivery);
    release(lane);
  }

  /** Lets what was held back follow the event that has just overtaken it. */
  function release(lane: Lane): void {
    lane.waiting.push(...lane.heldBack.splice(0));
    kick(lane);
  }

  function forgetOldest(): void {
    for (const [id, { state }] of books.deliveries) {
      if (books.deliveries.size <= DELIVERIES_KEPT_MAX) return;
      if (state !== 'waiting') books.deliveries.delete(id);
    }
  }

  function record(event: string, object: WireObject, receiver: { webhookId: string | null; url: string }): void {
    const names = namesOf({ objectId: object.id });
    const stale = faults.takeForWebhook(event, ['stale'], names);
    const aged = stale ? { updated_on: Math.floor(deps.realNowMs() / 1000) - stale.seconds } : {};
    const dropped = faults.takeForWebhook(event, ['drop'], names) !== undefined;
    const delivery: Delivery = {
      id: deps.newId(),
      sequence: ++books.sequence,
      ...receiver,
      event,
      objectId: object.id,
      sourceType: object.type,
      body: JSON.stringify({ ...object, ...aged, event_type: event }),
      createdAtMs: deps.realNowMs(),
      firstTryMs: null,
      tries: 0,
      deliveredAtMs: null,
      state: dropped ? 'dropped' : 'waiting',
      attempts: [],
    };
    books.deliveries.set(delivery.id, delivery);
    if (books.deliveries.size > DELIVERIES_KEPT_MAX) forgetOldest();
    if (!dropped) enqueue(delivery);
  }

  return {
    emit(event, object) {
      for (const webhook of books.webhooks.values()) {
        if (webhook.callback === null || !wants(webhook, event)) continue;
        record(event, object, { webhookId: webhook.id, url: webhook.callback });
      }
      const { success_callback: callback } = object;
      if (event === 'purchase.paid' && callback) record(event, object, { webhookId: null, url: callback });
    },
    resumeFromBooks() {
      for (const delivery of books.deliveries.values()) {
        if (delivery.state !== 'waiting') continue;
        const lane = laneOf(delivery);
        lane.waiting.push(delivery);
        kick(lane);
      }
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      for (const lane of lanes.values()) kick(lane);
    },
    async settled() {
      while (onTheirWay.size > 0) await Promise.allSettled(onTheirWay);
    },
    post,
    async stop() {
      stopped = true;
      await agent.destroy();
      await Promise.allSettled(onTheirWay);
    },
  };
}
