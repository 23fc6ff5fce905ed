// The driver (7.9) waits for `drain` when a socket takes no more, and for nothing else: a socket that is closed just then never drains, and
// what waits is never heard of again. When that is its monitor, no server is found any more before the program is started anew. So a socket
// that closes drains: then the driver sees by itself that the connection is closed. Connections with TLS are not seen here.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { MongoClient } from 'mongodb';

/** Node tells here of each new client socket of the process. */
const CHANNEL = 'net.client.socket';

/** Until the client is closed. */
export function wakeClosedWriters(client: MongoClient): void {
  const ports = new Set<number>();
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('connect', () => {
      if (ports.has(socket.remotePort ?? 0)) socket.once('close', () => socket.emit('drain'));
    });
  };
  client.on('serverOpening', ({ address }) => void ports.add(Number(address.split(':').at(-1))));
  client.on('topologyOpening', () => {
    subscribe(CHANNEL, onSocket);
  });
  client.on('topologyClosed', () => {
    unsubscribe(CHANNEL, onSocket);
  });
}
