import express, { Router } from 'express';

/** As much as the reconciler takes: 20 000 lines of a statement. */
const statementBytesMax = 4 * 1024 * 1024;

/** The one request of the public API that carries a file, read before the ordinary limit refuses it. */
export const largeBodies = (): Router =>
  Router().post('/api/v1/admin/statements', express.json({ limit: statementBytesMax, strict: true, inflate: false }));
