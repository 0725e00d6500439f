import { createServer } from 'node:http';
import { hostAndPort, isLoopback, listenOptions, plainHost } from './address.ts';
import type { BoundListener } from './listener.ts';

/** Listens for HTTP: /metrics, for this machine alone. */
export function listenHttp(address: string, metrics: () => string): Promise<BoundListener> {
  const server = createServer((request, response) => {
    const ours = isLoopback(request.socket.remoteAddress ?? '');
    const known = request.method === 'GET' && request.url === '/metrics';
    const status = !known ? 404 : ours ? 200 : 403;
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(
      status === 200
        ? metrics()
        : status === 403
          ? 'Metrics are for this machine alone.\n'
          : 'There is nothing here.\n',
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOptions(address), () => {
      const at = server.address();
      const where = typeof at === 'object' && at !== null ? hostAndPort(plainHost(at.address), at.port) : address;
      resolve({ address: where, close: () => void server.close() });
    });
  });
}
