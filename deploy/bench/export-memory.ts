import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectDatabase } from '#libs/db';
import { createLogger, systemClock } from '#libs/runtime';
import { entities } from '../../services/payments/src/entities.ts';
import { createExportSlots, exportOwn } from '../../services/payments/src/history/export-transactions.ts';
import { postgresHistory } from '../../services/payments/src/history/history-store.ts';
import { exportQuery } from '../../services/payments/src/history/read-query.ts';

/** How often memory is looked at; an export takes a minute. */
const lookMs = 100;

/** The service's export over real HTTP, read by a client that keeps nothing; says how large it was and what this process grew to meanwhile. */
export async function exportInConstantMemory(
  databaseUrl: string,
  userId: string,
  format: 'csv' | 'json' | 'xlsx',
): Promise<void> {
  const logger = createLogger({ name: 'bench', level: 'warn' });
  const db = await connectDatabase({ url: databaseUrl, entities, poolMax: 2, applicationName: 'bench', logger });
  const deps = { history: postgresHistory(db), clock: systemClock, logger, exportSlots: createExportSlots() };
  const query = exportQuery.parse({ format });
  const server = http.createServer((_request, response) => {
    // Express has this by itself; nothing else of it is used.
    const express = Object.assign(response, {
      status: (code: number) => Object.assign(express, { statusCode: code }),
      set: (headers: Record<string, string>) => express.setHeaders(new Map(Object.entries(headers))),
    });
    exportOwn(deps, userId, query, express as never).catch((err: unknown) => logger.error({ err }, 'export'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const look = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, lookMs);
  const startedAt = performance.now();
  const bytes = await drain((server.address() as AddressInfo).port);
  clearInterval(look);
  const seconds = (performance.now() - startedAt) / 1000;
  const mb = (size: number) => `${Math.round(size / 1024 / 1024)} MB`;
  console.log(
    `${format}: ${mb(bytes)} in ${seconds.toFixed(1)} s; resident memory ${mb(before)} before, ${mb(peak)} at most`,
  );
  server.close();
  await db.close();
}

function drain(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    http
      .get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on('end', () => resolve(bytes)).on('error', reject);
      })
      .on('error', reject);
  });
}
