import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Router } from 'express';
import { expect, test } from 'vitest';
import { problemCatalogue } from '#libs/http';
import { addressOf, openApi, operationsOf } from '../deploy/generate/openapi.ts';
import { forwardedRoutes } from '../services/gateway/src/forward.ts';
import { routes } from '../services/gateway/src/routes.ts';
import { validatorOf } from './system/described.ts';

/** Issue 4 §2: the API description says all that there is, nothing else, and keeps to OpenAPI 3.1. */
const operations = Object.values(operationsOf).flat();
const root = path.resolve(import.meta.dirname, '..');

/** Stands for everything that the routes are wired with, none of which is called before a request comes. */
const anything: unknown = new Proxy(() => anything, {
  get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : anything),
  apply: () => anything,
});

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle?: { stack?: Layer[] };
}

const routesIn = (layers: readonly Layer[]): string[] =>
  layers.flatMap(({ route, handle }) =>
    route === undefined
      ? routesIn(handle?.stack ?? [])
      : Object.keys(route.methods).map(
          (method) => `${method.toUpperCase()} ${route.path.replaceAll(/:([a-z_]+)/g, '{$1}')}`,
        ),
  );

test('A6: every route of the gateway is described, and every described route is there', () => {
  const { routes: router } = routes(anything as Parameters<typeof routes>[0]);
  const found = routesIn((router as Router & { stack: Layer[] }).stack).sort();
  expect(found.length).toBeGreaterThan(30);
  expect(operations.map((operation) => `${operation.method} ${addressOf(operation)}`).sort()).toEqual(found);
});

test('A3: what is forwarded is described by the service that it is forwarded to', () => {
  const described = Object.entries(operationsOf)
    .filter(([service]) => service !== 'gateway')
    .flatMap(([service, all]) => all.map(({ method, path }) => `${method} ${path} of ${service}`));
  const forwarded = forwardedRoutes.map(({ method, path, service }) => `${method} ${path} of ${service}`);
  const ownWords = operationsOf['gateway']?.map(({ method, path }) => `${method} ${path}`) ?? [];
  expect(described.sort()).toEqual(
    forwarded.filter((line) => !ownWords.some((own) => line.startsWith(`${own} of`))).sort(),
  );
});

test('the description is OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(openApi()));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test('every problem of the catalogue is one that something answers', () => {
  const files = execFileSync('git', ['ls-files', 'libs/**/*.ts', 'services/**/*.ts'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(
      (file) =>
        file !== '' &&
        !/\.test\.ts$|\/test\/|problem-catalogue|operations\.ts$/.test(file) &&
        existsSync(path.join(root, file)),
    );
  const text = files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');
  expect(Object.keys(problemCatalogue).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

test('operation ids are unique, admin routes are for staff, and changes among them for admins', () => {
  const ids = operations.map(({ id }) => id);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  for (const { id, path, access, method } of operations) {
    const isAdmins = path.startsWith('/admin/');
    expect([id, isAdmins && !['staff', 'admin'].includes(access)]).toEqual([id, false]);
    expect([id, isAdmins && method !== 'GET' && access !== 'admin']).toEqual([id, false]);
  }
});

test('every operation has examples; each fits the schema of what it sends and of what it is answered', () => {
  const validator = validatorOf(openApi());
  for (const operation of operations) {
    expect([operation.id, operation.examples.length > 0]).toEqual([operation.id, true]);
    for (const { name, body, status, answer } of operation.examples) {
      const accepted = status < 300;
      if (body !== undefined && accepted)
        expect([operation.id, name, operation.body?.safeParse(body).success]).toEqual([operation.id, name, true]);
      const schema = operation.answers[status]?.schema;
      if (accepted) expect([operation.id, name, status in operation.answers]).toEqual([operation.id, name, true]);
      if (answer !== undefined || (schema !== undefined && operation.absolute === undefined))
        expect([operation.id, name, validator.wrongIn(operation.method, addressOf(operation), status, answer)]).toEqual(
          [operation.id, name, []],
        );
    }
  }
});
