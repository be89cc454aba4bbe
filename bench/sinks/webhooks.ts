/* Receivers of webhooks that answer at once. The argument is how many. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { report } from './sink.ts';

let deliveries = 0;
const ports: number[] = [];
for (let n = 0; n < Number(process.argv[2]); n += 1) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      deliveries += 1;
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ports.push((server.address() as AddressInfo).port);
}
report(ports, () => deliveries);
