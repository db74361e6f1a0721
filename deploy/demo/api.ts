import { randomUUID } from 'node:crypto';
import { DemoFailure } from './failure.ts';

/** Longer than any answer: a request that hangs at the provider is answered after 20 s at the latest. */
const CALL_TIMEOUT_MS = 30_000;

/** The parts of all answers that the demo reads. */
export type Body = {
  id?: string;
  status?: string;
  reason?: string | null;
  access_token?: string;
  checkout_url?: string;
  transaction_id?: string;
  available?: string;
  held?: string;
  timeline?: { status: string; reason: string | null; at: string }[];
  code?: string;
  title?: string;
};
export type Answer = { status: number; body: Body };

export type Api = {
  get: (path: string) => Promise<Body>;
  /** Throws DemoFailure on a status that is not among the expected ones. */
  post: (path: string, json: object, expected: readonly number[]) => Promise<Answer>;
};

export type DemoUser = { api: Api; email: string };

/** Registers a user that nobody had before and logs it in, all through the public API. */
export async function newUser(gatewayUrl: string): Promise<DemoUser> {
  const credentials = { email: `demo-${randomUUID().slice(0, 8)}@example.com`, password: `Pig-1-${randomUUID()}` };
  const stranger = apiOf(gatewayUrl, {});
  await stranger.post('/auth/register', credentials, [201]);
  const { body } = await stranger.post('/auth/login', credentials, [200]);
  return { api: apiOf(gatewayUrl, { authorization: `Bearer ${body.access_token}` }), email: credentials.email };
}

function apiOf(gatewayUrl: string, headers: Record<string, string>): Api {
  const call = async (method: string, path: string, json: object | undefined, expected: readonly number[]) => {
    const response = await fetch(`${gatewayUrl}/api/v1${path}`, {
      method,
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    }).catch((error: Error) => {
      throw new DemoFailure(
        `${method} ${path} got no answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      );
    });
    const text = await response.text();
    if (!expected.includes(response.status)) {
      throw new DemoFailure(`${method} ${path}: ${response.status} instead of ${expected.join(' or ')}: ${text}`);
    }
    return { status: response.status, body: JSON.parse(text) as Body };
  };
  return {
    get: async (path) => (await call('GET', path, undefined, [200])).body,
    post: (path, json, expected) => call('POST', path, json, expected),
  };
}
