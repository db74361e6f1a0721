import { createHash } from 'node:crypto';
import { Router } from 'express';

const style =
  'body{font:1.1rem/1.6 system-ui,sans-serif;color:#1c2430;background:#f6f7f9;margin:0}' +
  'main{max-width:30rem;margin:18vh auto 0;padding:0 1.5rem}h1{font-size:1.6rem}' +
  '@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181e}}';

const styleHash = createHash('sha256').update(style).digest('base64');
/** This style and nothing else: no script, no image, no form, no frame. */
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const page = (title: string, text: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${style}</style></head>
<body><main><h1>${title}</h1><p>${text}</p><p>You can close this page.</p></main></body>
</html>
`;

/** Where the browser of a payer comes from is no proof of anything, so no page says what has become of the money. */
const pages = {
  return: page('Thank you', 'Your payment is being confirmed. It is in your wallet as soon as that is done.'),
  failed: page(
    'The payment did not go through',
    'You can begin another deposit in your wallet. Should the money arrive after all, it is credited too.',
  ),
  cancelled: page('The payment was cancelled', 'You can begin another deposit in your wallet at any time.'),
};

/**
 * Where Revio sends a payer's browser after its checkout page (REVIO.md §3). The pages are the same for every id, known or not: there
 * is no user here, only a browser, and nothing about a deposit is told to whoever guesses its id.
 */
export function returnPages(): Router {
  const router = Router();
  for (const [outcome, html] of Object.entries(pages)) {
    router.get(`/deposits/:id/${outcome}`, (_request, response) => {
      response.set('content-security-policy', contentSecurityPolicy).type('html').send(html);
    });
  }
  return router;
}
