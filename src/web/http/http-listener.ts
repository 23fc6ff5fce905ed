// One bound address. Closing ends live streams first (they would hold the server open), then waits shortly for answers under way.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ListenerSettings } from '../ports.ts';

const CLOSE_GRACE_MS = 2_000;
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;

export class HttpListener {
  readonly #server: Server;
  readonly #settings: ListenerSettings;
  readonly #closing: AbortController;
  readonly #clock: Clock;

  /** `closing` is aborted at the start of `close`. */
  constructor(listener: RequestListener, settings: ListenerSettings, closing: AbortController, clock: Clock) {
    this.#settings = settings;
    this.#closing = closing;
    this.#clock = clock;
    this.#server = createServer(
      { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16 * 1024 },
      listener,
    );
  }

  /** @throws GantryError PORT_TAKEN */
  async listen(): Promise<{ readonly url: string; readonly port: number }> {
    const { host, port } = this.#settings;
    const listening = Promise.withResolvers<undefined>();
    const onError = (error: Error): void => {
      listening.reject(
        new GantryError('PORT_TAKEN', `Cannot listen on ${host}:${String(port)}: ${error.message}`, { cause: error }),
      );
    };
    this.#server.once('error', onError);
    this.#server.listen({ host, port, exclusive: true }, () => {
      listening.resolve(undefined);
    });
    await listening.promise;
    this.#server.off('error', onError);
    const bound = (this.#server.address() as AddressInfo).port;
    return { url: `http://${nameForPeople(host)}:${String(bound)}`, port: bound };
  }

  async close(): Promise<void> {
    this.#closing.abort(new GantryError('DRAINING', 'The program is shutting down.'));
    if (!this.#server.listening) return;
    const closed = Promise.withResolvers<undefined>();
    this.#server.close(() => {
      closed.resolve(undefined);
    });
    this.#server.closeIdleConnections();
    using grace = this.#clock.deadline(CLOSE_GRACE_MS);
    grace.signal.addEventListener('abort', () => {
      this.#server.closeAllConnections();
    });
    await closed.promise;
  }
}

function nameForPeople(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
