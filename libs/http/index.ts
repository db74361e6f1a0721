export { temporarilyUnavailable } from './answer-error.ts';
export { createApp } from './app.ts';
export { createClient, type HttpClient } from './client.ts';
export { HttpUnavailable } from './client-errors.ts';
export type { HttpResponse } from './exchange.ts';
export { type Listening, listen } from './listen.ts';
export { parseBody, parseQuery } from './parse-body.ts';
export { Problem, type ProblemDetails } from './problem.ts';
export { type ProblemCode, problemCatalogue } from './problem-catalogue.ts';
