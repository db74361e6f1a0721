import { verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { type RevioSimulator, type RevioSimulatorOptions, startRevioSimulator } from '../index.ts';

export type Received = { raw: string; headers: IncomingHttpHeaders; event: string; object: Record<string, unknown> };

/** A merchant's webhook endpoint that keeps what came and answers as told. */
export type Receiver = { url: string; received: Received[]; answers(status: (nth: number) => number): void };

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let statusOf: (nth: number) => number = () => 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    const object = JSON.parse(raw) as Record<string, unknown>;
    received.push({ raw, headers: request.headers, event: String(object['event_type']), object });
    response.writeHead(statusOf(received.length)).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/revio`,
    received,
    answers(status) {
      statusOf = status;
    },
  };
}

export async function startSimulator(options: RevioSimulatorOptions = {}): Promise<RevioSimulator> {
  const simulator = await startRevioSimulator(options);
  closers.push(simulator.stop);
  return simulator;
}

export async function startWorld(options: RevioSimulatorOptions = {}) {
  const receiver = await startReceiver();
  const simulator = await startSimulator({ webhookUrl: receiver.url, ...options });
  return { simulator, receiver, control: simulator.control, client: clientOf(simulator) };
}

type Reply = { status: number; headers: Headers; body: Record<string, unknown>; text: string };

/** The merchant's side of the API. */
export function clientOf({ url, apiKey, brandId }: RevioSimulator) {
  async function call(method: string, target: string, body?: unknown, key = apiKey): Promise<Reply> {
    const response = await fetch(target.startsWith('http') ? target : `${url}/api/v1${target}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  }
  const purchase = (reference: string, more: Record<string, unknown> = {}) => ({
    client: { email: 'thandi@example.co.za' },
    purchase: { currency: 'ZAR', products: [{ name: 'Wallet top-up', price: 15000, quantity: '1' }], due_strict: true },
    brand_id: brandId,
    reference,
    ...more,
  });
  const payout = (reference: string) => ({
    client: { email: 'thandi@example.co.za', bank_account: '62000000001', bank_code: '250655' },
    payment: { amount: 6000, currency: 'ZAR', description: 'Withdrawal' },
    brand_id: brandId,
    reference,
  });
  const bank = (account = '62000000001') => ({
    payout_type: 'bank',
    bank_name: 'FNB',
    bank_code: '250655',
    bank_account_name: 'T MOKOENA',
    bank_account_number: account,
  });
  return {
    call,
    purchase,
    payout,
    bank,
    createPurchase: async (reference: string, more?: Record<string, unknown>) =>
      (await call('POST', '/purchases/', purchase(reference, more))).body as { id: string; checkout_url: string },
    createPayout: async (reference: string) =>
      (await call('POST', '/payouts/', payout(reference))).body as { id: string; execution_url: string },
    execute: (executionUrl: string, account?: string) => call('POST', executionUrl, bank(account)),
    /** A payer's form post. */
    submit: async (target: string, fields: Record<string, string>) => {
      const response = await fetch(target, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
      return { status: response.status, location: response.headers.get('location'), text: await response.text() };
    },
  };
}

export function isSignedWith(publicKeyPem: string, { raw, headers }: Received): boolean {
  return verify('sha256', Buffer.from(raw), publicKeyPem, Buffer.from(String(headers['x-signature']), 'base64'));
}

export function eventsOf(receiver: Receiver): string[] {
  return receiver.received.map(({ event }) => event);
}
