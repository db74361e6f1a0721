import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyTimestamped } from './timestamped.ts';
import { verifySignature } from './verify-signature.ts';

const [webhook, relay, company] = [1, 2, 3].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
if (!webhook || !relay || !company) throw new Error('three keys were made');
const keys = { webhook: [webhook.publicKey], company: [company.publicKey], relay: [relay.publicKey] };
const now = new Date('2026-01-01T08:05:00.000Z');
const nowS = now.getTime() / 1000;
const raw = Buffer.from('{"amount": 15000}\n');

interface Sent {
  at?: number | string;
  eventId?: string;
  key?: KeyObject;
  /** What is signed, where it differs from what is sent. */
  signed?: string;
}
function headers({
  at = nowS,
  eventId = 'evt_1',
  key = relay?.privateKey,
  signed = `${at}.${eventId}.${raw}`,
}: Sent = {}) {
  const signature = sign('RSA-SHA256', Buffer.from(signed), key ?? '').toString('base64');
  return { signature: [`sha256=${signature}`], timestamp: [String(at)], eventId: [eventId] };
}
const verdict = (sent: ReturnType<typeof headers>, list = keys) => verifyTimestamped(list, raw, sent, now);
const reason = (sent: ReturnType<typeof headers>, list = keys) => {
  const found = verdict(sent, list);
  return found.ok ? 'ok' : found.reason;
};

test('W2: the time, the event id and the body are signed together', () => {
  expect(verdict(headers())).toEqual({
    ok: true,
    scheme: 'timestamped',
    signedBy: 'relay',
    eventId: 'evt_1',
    sentAt: now,
  });
  expect(reason({ ...headers(), timestamp: [String(nowS - 1)] })).toBe('unknown_signer');
  expect(reason({ ...headers(), eventId: ['evt_2'] })).toBe('unknown_signer');
  expect(reason(headers({ signed: `${nowS}.evt_1.{}` }))).toBe('unknown_signer');
  expect(reason(headers({ signed: raw.toString() }))).toBe('unknown_signer');
});

test.each([
  ['five minutes old', -300, 'ok'],
  ['a second older', -301, 'stale_timestamp'],
  ['36 hours old, as Revio’s last retry', -129_600, 'stale_timestamp'],
  ['a minute ahead', 60, 'ok'],
  ['a second more ahead', 61, 'timestamp_from_the_future'],
])('W2: %s', (_age, seconds, then) => {
  expect(reason(headers({ at: nowS + seconds }))).toBe(then);
});

test('W1: of the keys only the relay’s sign it, or the webhook’s where there is no relay', () => {
  expect(reason(headers({ key: webhook.privateKey }))).toBe('unknown_signer');
  expect(reason(headers({ key: company.privateKey }))).toBe('unknown_signer');
  const withoutRelay = { ...keys, relay: [] };
  expect(verdict(headers({ key: webhook.privateKey }), withoutRelay)).toMatchObject({ ok: true, signedBy: 'webhook' });
  expect(reason(headers({ key: company.privateKey }), withoutRelay)).toBe('unknown_signer');
});

const genuine = headers();
test.each([
  ['no signature', { ...genuine, signature: [] }],
  ['no timestamp', { ...genuine, timestamp: [] }],
  ['no event id', { ...genuine, eventId: [] }],
  ['two signatures', { ...genuine, signature: [...genuine.signature, ...genuine.signature] }],
  ['two timestamps', { ...genuine, timestamp: [...genuine.timestamp, ...genuine.timestamp] }],
  ['two event ids', { ...genuine, eventId: ['evt_1', 'evt_1'] }],
  ['a signature without its prefix', { ...genuine, signature: genuine.signature.map((s) => s.slice(7)) }],
  ['another algorithm', { ...genuine, signature: genuine.signature.map((s) => s.replace('sha256', 'sha1')) }],
  ['valid, junk', { ...genuine, signature: genuine.signature.map((s) => `${s}, junk`) }],
  ['milliseconds', headers({ at: nowS * 1000 })],
  ['a fraction', headers({ at: `${nowS}.5` })],
  ['a sign', headers({ at: `+${nowS}` })],
  ['a zero before', headers({ at: `0${nowS}` })],
  ['an id with a dot, which could be the beginning of a body', headers({ eventId: 'evt.1' })],
  ['an empty id', headers({ eventId: '' })],
  ['an id of 129 characters', headers({ eventId: 'e'.repeat(129) })],
])('W1 F8: %s is no timestamped delivery', (_case, sent) => {
  expect(reason(sent)).toBe('malformed_signature');
});

test('W1: any header of the timestamped scheme, even an empty one, and the plain signature counts no more', () => {
  const plain = [sign('RSA-SHA256', raw, webhook.privateKey).toString('base64')];
  const none = { signature: [], timestamp: [], eventId: [] };
  const judge = (timestamped: ReturnType<typeof headers>, accepted: readonly ('plain' | 'timestamped')[]) =>
    verifySignature({ keys, accepted, now }, { raw, headers: { plain, timestamped } });
  const both = ['plain', 'timestamped'] as const;
  expect(judge(none, both)).toMatchObject({ ok: true, scheme: 'plain' });
  expect(judge(genuine, both)).toMatchObject({ ok: true, scheme: 'timestamped' });
  for (const name of ['signature', 'timestamp', 'eventId'] as const)
    expect(judge({ ...none, [name]: [''] }, both)).toEqual({ ok: false, reason: 'malformed_signature' });
  expect(judge(genuine, ['plain'])).toEqual({ ok: false, reason: 'scheme_not_accepted' });
  expect(judge(none, ['timestamped'])).toEqual({ ok: false, reason: 'scheme_not_accepted' });
});
