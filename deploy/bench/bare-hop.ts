import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

// A process of its own: as little as a hop can do. It reads a request, asks the upstream, and passes its answer on.
const [upstream = ''] = process.argv.slice(2);
const pool = new Pool(upstream, { connections: 32 });
const server = http.createServer({ noDelay: true }, async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { statusCode, headers, body } = await pool.request({
    method: 'POST',
    path: request.url ?? '/',
    headers: { 'content-type': 'application/json' },
    body: Buffer.concat(chunks),
  });
  const text = await body.text();
  response.writeHead(statusCode, { 'content-type': headers['content-type'] }).end(text);
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.on('disconnect', () => process.exit(0));
