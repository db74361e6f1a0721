import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { HttpResponse } from '#libs/http';
import { type BarePlatform, barePlatform } from '#libs/revio-simulator';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import type { Host } from './host.ts';
import type { Callee } from './network.ts';

/** Revio: the simulator's own rules, with no server around them, and the webhooks that it wants to send. */
export interface SimRevio {
  books: BarePlatform['platform']['books'];
  /** Payers, banks and the merchant's people. */
  world: BarePlatform['world'];
  callee: Callee;
  /** Waiting to be delivered, oldest first. */
  webhooks: SimWebhook[];
  /** Noted of every answer that arrived. */
  heard(request: { path: string }): void;
  /** Whether somebody heard what came of executing this payout. */
  wasHeard(payoutId: string): boolean;
  /** How often a call had an effect: what has changed since is checked again. */
  changes(): number;
}

export interface SimWebhook {
  event: string;
  objectId: string;
  body: Buffer;
  signature: string;
  tries: number;
}

export const revioUrl = 'https://revio.example';
export const brandId = 'our-brand';

/** Far too short to be safe, and therefore fast: nobody attacks a schedule but itself. */
const pair = generateKeyPairSync('rsa', {
  modulusLength: 512,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const privateKey: KeyObject = createPrivateKey(pair.privateKey);
export const revioPublicKeyPem = pair.publicKey;

export function simRevio(deps: { host: Host; chance: Chance; faults: Faults; unsentPercent: number }): SimRevio {
  const { host, chance, faults, unsentPercent } = deps;
  const webhooks: SimWebhook[] = [];
  let changes = 0;
  const { platform, handle, world } = barePlatform({
    settings: { publicUrl: revioUrl, apiKey: 'key', brandId, executeWindowMs: 15 * 60_000, payoutSettleMs: null },
    nowMs: host.nowMs,
    at: (dueMs, run) => host.setTimer(dueMs - host.nowMs(), run),
    newId: chance.newUuid,
    emit: (event, object) => {
      if (unsentPercent === 100 || faults.strikes(`the webhook ${event} is never sent`, unsentPercent)) return;
      const body = Buffer.from(JSON.stringify({ ...object, event_type: event }));
      webhooks.push({ event, objectId: object.id, body, signature: '', tries: 0 });
    },
    changed: () => {
      changes += 1;
    },
  });

  const answer = (status: number, body: string, headers: Record<string, string> = {}): HttpResponse => ({
    status,
    headers: { ...headers, date: new Date(host.nowMs()).toUTCString() },
    body,
  });
  const callee: Callee = (request, heard) => {
    if (faults.strikes('Revio answers 500 and does nothing', 4)) return heard(answer(500, '<html>'));
    if (faults.strikes('Revio answers 429', 2)) return heard(answer(429, '{}', { 'retry-after': '5' }));
    const input: unknown = request.body === null ? undefined : JSON.parse(request.body);
    const { status, body } = handle(request.method, request.path, input);
    if (faults.strikes('Revio answers 502 after it was done', 3)) return heard(answer(502, 'bad gateway'));
    heard(answer(status, body));
  };
  const answered = new Set<string>();
  return {
    ...{ books: platform.books, world, callee, webhooks, changes: () => changes },
    heard: ({ path }) => void answered.add(path),
    wasHeard: (payoutId) => answered.has(`/po/${payoutId}/bank/`),
  };
}

/** The bytes as Revio signs them, only once somebody looks: many webhooks are never delivered. */
export function signed(webhook: SimWebhook): SimWebhook {
  if (webhook.signature === '') webhook.signature = sign('sha256', webhook.body, privateKey).toString('base64');
  return webhook;
}
