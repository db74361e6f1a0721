import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Response, Router } from 'express';
import { samples } from '#libs/contracts';
import { type ProblemKind, problemCatalogue } from '#libs/http';
import { notFound } from './problems.ts';

const require = createRequire(import.meta.url);

/** Only what the page loads; the package has twice as much. */
const uiFiles: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
};

/** Each press of Execute is a new intent, unless somebody writes a key of his own: else the second deposit would be the first one's replay. */
const startScript = `const freshKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (request.headers['Idempotency-Key'] === '${samples.key}') request.headers['Idempotency-Key'] = freshKey();
      return request;
    },
  });
};
`;

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Piggybank API</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
`;

/**
 * Our own scripts and nothing from elsewhere; no eval. The interface sets styles from its script, and its icons are `data:` images
 * inside its style sheet. Requests go only to where the page came from.
 */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The pages about problems: no script at all. */
const textPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A release changes these files, nothing else does. */
const assetMaxAgeS = 3600;

/** `/openapi.json`, `/docs` where it can be read and tried out, and a page per problem code. Everything comes from this machine. */
export function docsPages(): Router {
  const router = Router();
  const description = readFileSync(path.join(packageFolder(), 'docs/openapi.json'));
  const uiFolder = path.dirname(require.resolve('swagger-ui-dist/package.json'));

  router.get('/openapi.json', (_request, response) => void cached(response).type('json').send(description));
  router.get('/docs', (_request, response) => {
    response.set('content-security-policy', contentSecurityPolicy).type('html').send(page);
  });
  router.get('/docs/:file', (request, response) => {
    const { file } = request.params;
    if (file === 'start.js') return void cached(response).type('text/javascript').send(startScript);
    const type = Object.hasOwn(uiFiles, file) ? uiFiles[file] : undefined;
    if (type === undefined) throw notFound;
    cached(response)
      .type(type)
      .send(readFileSync(path.join(uiFolder, file)));
  });
  router.get('/problems/:code', (request, response) => {
    const all: Readonly<Record<string, ProblemKind>> = problemCatalogue;
    const { code } = request.params;
    const kind = Object.hasOwn(all, code) ? all[code] : undefined;
    if (kind === undefined) throw notFound;
    response.set('content-security-policy', textPolicy).type('html').send(problemPage(code, kind));
  });
  return router;
}

const cached = (response: Response): Response => response.set('cache-control', `public, max-age=${assetMaxAgeS}`);

const problemPage = (code: string, { status, title, when, remedy }: ProblemKind): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${code}</title></head>
<body><main><h1>${code}</h1><p>${status}: ${escaped(title)}.</p><p>${escaped(when)}</p><p><b>What to do.</b> ${escaped(remedy)}</p></main></body>
</html>
`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Where package.json stands: the checkout, or in a container the folder of the application. */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('no package.json above the code');
    folder = parent;
  }
  return folder;
}
