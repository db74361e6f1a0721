import { type Operations, operations, type Tokens, type Transaction, type TransactionDetails } from './api.ts';
import { eventsOf } from './follow.ts';
import { PiggybankProblem } from './problem.ts';
import { type Outgoing, pause, type SendOptions, send } from './send.ts';
import { createSession, type KeptTokens } from './session.ts';

type OperationId = keyof Operations;
type Input<Id extends OperationId> = Operations[Id]['input'];
type Answer<Id extends OperationId> = Operations[Id]['answer'];

export interface CallOptions {
  signal?: AbortSignal;
}

/** A method per operation of the API. What need not be given may be left out, the whole input included. */
type Methods = {
  [Id in OperationId]: Record<never, never> extends Input<Id>
    ? (input?: Input<Id>, options?: CallOptions) => Promise<Answer<Id>>
    : (input: Input<Id>, options?: CallOptions) => Promise<Answer<Id>>;
};

export interface ClientOptions extends Partial<SendOptions> {
  /** `https://api.example.com`. */
  baseUrl: string;
  /** Of an earlier run, instead of a login. */
  tokens?: KeptTokens;
  /** Told whenever the tokens change; undefined after the logout. */
  onTokens?: (tokens: KeptTokens | undefined) => void;
}

export interface WaitOptions extends CallOptions {
  /** How often is looked where nothing tells. */
  pollMs?: number;
}

/** The lists that go on behind a cursor, which stands beside the items or under `pagination`. */
type Page<Item> = { data: Item[] } & ({ next_cursor: string | null } | { pagination: { next_cursor: string | null } });
type PagedId = { [Id in OperationId]: Answer<Id> extends Page<unknown> ? Id : never }[OperationId];
type ItemOf<Id extends PagedId> = Answer<Id> extends Page<infer Item> ? Item : never;

export interface Piggybank extends Methods {
  /** Logs in and keeps the tokens, which are refreshed in time. */
  signIn(credentials: { email: string; password: string }): Promise<void>;
  signOut(): Promise<void>;
  /** Every item of a list, page after page, while others are added. */
  all<Id extends PagedId>(id: Id, input?: Input<Id>): AsyncGenerator<ItemOf<Id>>;
  /**
   * The transaction once it has ended: `completed`, `failed`, `expired` or `cancelled`. Follows its live status, and looks now and then
   * where it cannot. Give up by `signal`: the money goes its way without anybody waiting.
   */
  waitForCompletion(transactionId: string, options?: WaitOptions): Promise<TransactionDetails>;
}

const defaults = { timeoutMs: 30_000, triesMax: 5, retryMs: 250 };
const ended: readonly Transaction['status'][] = ['completed', 'failed', 'expired', 'cancelled'];

export function createClient({ baseUrl, tokens: kept, onTokens, ...given }: ClientOptions): Piggybank {
  const options: SendOptions = { fetch: globalThis.fetch, ...defaults, ...given };
  const session = createSession((refresh_token) => request('refresh', { body: { refresh_token } }) as Promise<Tokens>, {
    kept,
    onTokens,
  });

  async function request(id: OperationId, input: AnyInput = {}, { signal }: CallOptions = {}): Promise<unknown> {
    const { method, address, authorised, keyed, raw } = operations[id] as Wiring;
    const headers: Record<string, string> = { accept: raw ? '*/*' : 'application/json', ...input.headers };
    if (input.body !== undefined) headers['content-type'] = 'application/json';
    // Made once for all tries: the same key is the same request.
    if (keyed) headers['idempotency-key'] = input.idempotencyKey ?? crypto.randomUUID();
    if (input.etag !== undefined) headers['if-match'] = input.etag;
    const outgoing: Outgoing = {
      url: baseUrl.replace(/\/$/, '') + addressOf(address, input),
      method,
      headers,
      body: input.body === undefined ? undefined : JSON.stringify(input.body),
      // A refresh may be repeated at once: the same token gets the same answer for ten seconds.
      repeatable: method === 'GET' || keyed === true || id === 'refresh',
      streams: raw === true,
      signal,
    };
    const response = authorised ? await sendAuthorised(outgoing) : await send(options, outgoing);
    if (raw) return response;
    return response.status === 204 || response.body === null ? undefined : response.json();
  }

  async function sendAuthorised(outgoing: Outgoing): Promise<Response> {
    const token = await session.accessToken();
    const authorised = (held: string | undefined): Outgoing =>
      held === undefined
        ? outgoing
        : { ...outgoing, headers: { ...outgoing.headers, authorization: `Bearer ${held}` } };
    try {
      return await send(options, authorised(token));
    } catch (error) {
      const isOver = error instanceof PiggybankProblem && error.status === 401 && token !== undefined;
      if (!isOver || !(await session.renewed(token))) throw error;
      return send(options, authorised(await session.accessToken()));
    }
  }

  const methods = Object.fromEntries(
    Object.keys(operations).map((id) => [
      id,
      (input?: AnyInput, callOptions?: CallOptions) => request(id as OperationId, input, callOptions),
    ]),
  ) as unknown as Methods;

  return {
    ...methods,
    async signIn(credentials) {
      session.take(await methods.login({ body: credentials }));
    },
    async signOut() {
      const refresh_token = session.refreshToken();
      session.forget();
      if (refresh_token !== undefined) await methods.logout({ body: { refresh_token } });
    },
    async *all(id, input) {
      for (let cursor: string | undefined; ; ) {
        const asked = input as AnyInput | undefined;
        const query = { ...asked?.query, ...(cursor === undefined ? {} : { cursor }) };
        const page = (await request(id, { ...asked, query })) as Page<never>;
        yield* page.data;
        const next = 'pagination' in page ? page.pagination.next_cursor : page.next_cursor;
        if (next === null) return;
        cursor = next;
      }
    },
    async waitForCompletion(id, { pollMs = 2_000, signal } = {}) {
      const call = signal === undefined ? {} : { signal };
      for (let lastEventId: string | undefined; ; ) {
        const transaction = await methods.readTransaction({ params: { id } }, call);
        if (ended.includes(transaction.status)) return transaction;
        const followed = await follow(id, lastEventId, signal);
        lastEventId = followed.lastEventId;
        if (!followed.told) await pause(pollMs, signal);
      }
    },
  };

  /** Until the stream says that something happened or ends; `told` is false where there was no stream to wait at. */
  async function follow(id: string, lastEventId: string | undefined, signal: AbortSignal | undefined) {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    let last = lastEventId;
    try {
      const call = signal === undefined ? {} : { signal };
      const stream = (await request('followTransaction', { params: { id }, headers }, call)) as Response;
      for await (const event of eventsOf(stream)) {
        last = event.id ?? last;
        const { status } = JSON.parse(event.data) as { status?: Transaction['status'] };
        if (event.event === 'status' && status !== undefined && ended.includes(status))
          return { told: true, lastEventId: last };
      }
    } catch {
      signal?.throwIfAborted(); // everything else is a reason to look instead
    }
    return { told: false, lastEventId: last };
  }
}

interface Wiring {
  method: string;
  address: string;
  authorised?: true;
  keyed?: true;
  raw?: true;
}

interface AnyInput {
  params?: Record<string, string | number>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  idempotencyKey?: string;
  etag?: string;
}

function addressOf(address: string, { params = {}, query = {} }: AnyInput): string {
  const path = address.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, String(value));
  return asked.size === 0 ? path : `${path}?${asked}`;
}
