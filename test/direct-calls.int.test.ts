import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import express from 'express';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signInternalToken } from '#libs/auth';
import { type ServiceName, serviceNames } from '#libs/contracts';
import { operations } from '../services/gateway/src/operations.ts';
import { call } from './system/client.ts';
import { type System, startSystem } from './system/start-system.ts';

/**
 * Issue 4 §3.3, A4: whoever reaches a service without going through the gateway gets 401 from every route there is. The routes are
 * those that the running applications have, not a list of ours.
 */
let system: System;
let userToken: string;
const routesOf = new Map<ServiceName, { method: string; path: string }[]>();

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle?: { stack?: Layer[] };
}
type App = { router: { stack: Layer[] } };

const routesIn = (layers: readonly Layer[]): { method: string; path: string }[] =>
  layers.flatMap(({ route, handle }) =>
    route === undefined
      ? routesIn(handle?.stack ?? [])
      : Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path })),
  );

beforeAll(async () => {
  // Every application passes its requests through here, and so shows itself with its first one.
  const seen = new Map<number | undefined, App>();
  const application = express.application as unknown as {
    handle(this: App, request: IncomingMessage, ...rest: unknown[]): unknown;
  };
  const { handle } = application;
  vi.spyOn(application, 'handle').mockImplementation(function (this: App, request, ...rest) {
    seen.set(request.socket.localPort, this);
    return handle.call(this, request, ...rest);
  });
  system = await startSystem();
  for (const service of serviceNames) {
    await call('GET', `${system.urls[service]}/shows-the-application`);
    routesOf.set(service, routesIn(seen.get(Number(new URL(system.urls[service]).port))?.router.stack ?? []));
  }
  userToken = (await system.signUp()).token;
}, 120_000);
afterAll(() => system?.close());

const keyOf = (service: ServiceName): Buffer => Buffer.from(system.secrets.internalKeys[service], 'base64');
const anotherService = (service: ServiceName): ServiceName => (service === 'wallet' ? 'payments' : 'wallet');
const actor = { kind: 'service', service: 'reconciler' } as const;

const credentials: [string, (service: ServiceName) => string | undefined][] = [
  ['nothing', () => undefined],
  ['a user’s access token', () => `Bearer ${userToken}`],
  [
    'an internal token for another service',
    (service) => {
      const audience = anotherService(service);
      return `Bearer ${signInternalToken(keyOf(audience), { audience, actor, ttlS: 60 })}`;
    },
  ],
  [
    'an internal token for this service, signed by another one',
    (service) => `Bearer ${signInternalToken(keyOf(anotherService(service)), { audience: service, actor, ttlS: 60 })}`,
  ],
  [
    'an internal token of a key that it made up',
    (service) => `Bearer ${signInternalToken(randomBytes(32), { audience: service, actor, ttlS: 60 })}`,
  ],
  ['a password', () => `Basic ${Buffer.from('admin:admin').toString('base64')}`],
];

/** Of the gateway: those for everybody. The webhook is for everybody who signs, and a body that is not signed is 401 too. */
const publicAtGateway = new Set(
  operations
    .filter(({ access }) => access === 'public')
    .map(({ method, path, absolute }) => `${method} ${absolute ? path : `/api/v1${path}`}`),
);
const isClosed = (service: ServiceName, { method, path }: { method: string; path: string }): boolean =>
  service !== 'gateway' || !publicAtGateway.has(`${method} ${path}`);

/** Some four hundred requests of the gateway, one after the other: seconds when idle. */
const allMs = 180_000;

test.each(serviceNames)(
  'A4: every route of %s answers 401 to whoever does not come the right way',
  async (service) => {
    const routes = routesOf.get(service) ?? [];
    expect(routes.length).toBeGreaterThan(service === 'webhooks' ? 1 : 5);
    const open: string[] = [];
    for (const route of routes.filter((each) => isClosed(service, each))) {
      for (const [name, make] of credentials) {
        if (service === 'gateway' && name === 'a user’s access token') continue; // which is the right way
        const authorization = make(service);
        const url = system.urls[service] + route.path.replaceAll(/:[a-zA-Z_]+/g, 'x');
        const headers = {
          ...(authorization === undefined ? {} : { authorization }),
          'x-user-id': 'someone',
          'x-forwarded-user': 'admin',
          'x-internal': 'true',
        };
        const { status } = await call(route.method, url, route.method === 'GET' ? undefined : {}, headers);
        if (status !== 401) open.push(`${route.method} ${route.path} with ${name}: ${status}`);
      }
    }
    expect(open).toEqual([]);
  },
  allMs,
);
