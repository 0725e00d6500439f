import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { WebSocketServer } from 'ws';
import { ParleyError } from '../../shared/errors.ts';
import { type NodeHandlers, RpcConnection } from './rpc-connection.ts';

/** bytes */
const LARGEST_MESSAGE = 16 * 1024 * 1024;
/** what may wait for a console, bytes */
const MOST_WAITING = 16 * 1024 * 1024;

export interface AdminDoor {
  readonly connections: ReadonlySet<RpcConnection>;
  close(): void;
}

/**
 * Opens the admin socket: JSON-RPC in WebSocket frames, and `GET /metrics`. Only who owns the socket file can connect.
 * @throws ParleyError `already-running` when a node answers there
 */
export async function openAdminSocket(
  path: string,
  handlers: NodeHandlers,
  metrics: () => string,
  onBug: (error: unknown) => void,
): Promise<AdminDoor> {
  await clearStale(path);
  const connections = new Set<RpcConnection>();
  const server = createServer((request, response) => {
    const known = request.method === 'GET' && request.url === '/metrics';
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(known ? metrics() : 'Here are /metrics and a WebSocket.\n');
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const send = (text: string) => {
        if (webSocket.bufferedAmount > MOST_WAITING)
          webSocket.terminate(); // a console that does not read
        else webSocket.send(text);
      };
      const connection = new RpcConnection({ send }, handlers, onBug);
      connections.add(connection);
      webSocket.on('message', (data) => void connection.received(data.toString()));
      webSocket.on('close', () => connections.delete(connection));
      webSocket.on('error', () => webSocket.terminate());
    });
  });
  await listen(server, path);
  return {
    connections,
    close() {
      for (const client of sockets.clients) client.terminate();
      server.close();
      if (existsSync(path)) unlinkSync(path);
    },
  };
}

/**
 * The same door with nothing but `GET /metrics` and `GET /status` behind it, for a process that is no node.
 * @throws ParleyError `already-running` when one answers there
 */
export async function openMetricsSocket(
  path: string,
  pages: Readonly<Record<string, () => string>>,
): Promise<{ close(): void }> {
  await clearStale(path);
  const server = createServer((request, response) => {
    const page = request.method === 'GET' ? pages[request.url ?? ''] : undefined;
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(page?.() ?? `Here are ${Object.keys(pages).join(', ')}.\n`);
  });
  await listen(server, path);
  return {
    close() {
      server.close();
      server.closeAllConnections();
      if (existsSync(path)) unlinkSync(path);
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177); // the socket is born with mode 0600: no moment when others could connect
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve();
    });
  }).finally(() => process.umask(before));
}

/** A socket file that nobody answers on is left from a node that was killed. */
async function clearStale(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (answered) {
    throw new ParleyError({
      code: 'already-running',
      what: 'This node runs already.',
      why: `Another parleyd answers on ${path}.`,
      todo: 'Stop that one first.',
    });
  }
  unlinkSync(path);
}
