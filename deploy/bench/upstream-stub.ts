import http from 'node:http';
import type { AddressInfo } from 'node:net';

// A process of its own: the service behind a gateway that is measured, if it took no time.
const answer = JSON.stringify({
  id: 'wd_01KB0000000000000000000000',
  type: 'withdrawal',
  status: 'pending',
  amount: '150.00',
  currency: 'ZAR',
  created_at: '2026-01-01T00:00:00.000Z',
});
const server = http.createServer({ noDelay: true }, (request, response) => {
  request.resume().on('end', () => {
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.on('disconnect', () => process.exit(0));
