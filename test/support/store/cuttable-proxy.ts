// A proxy between the driver and a server of MongoDB's protocol that breaks things on purpose: it cuts the connection before or after a
// chosen command, holds answers back, and can let one command through at a time (which makes a server's updates atomic that are not).
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

export interface CuttableProxy extends AsyncDisposable {
  readonly uri: string;
  /** The next command of this name: `before` it never reaches the server; `after` it does, and its answer is lost. */
  cutNext(command: string, when: 'before' | 'after'): void;
  /** How many commands of this name reached the server. */
  passed(command: string): number;
  /** Holds every answer back until the returned function is called. */
  stall(): () => void;
  /** Ends every connection and takes no new one until the returned function is called, as a server that is down. */
  goDown(): () => void;
}

export interface ProxyOptions {
  /** let one command through at a time */
  readonly isSerial?: boolean;
  /** sees every message of the driver */
  readonly onCommand?: (message: Buffer) => void;
}

const HEADER_BYTES = 16;
const COMMAND_OFFSET = 26;
/** The commands that are let through one at a time; the driver's own monitoring is not. */
const SERIAL_COMMANDS: ReadonlySet<string> = new Set([
  'find',
  'insert',
  'update',
  'delete',
  'findAndModify',
  'aggregate',
]);

/** Cuts a stream into messages: each begins with its length. */
function framer(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      onMessage(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
}

/** The first key of the message's document names the command. */
function commandOf(message: Buffer): string {
  return message.toString('latin1', COMMAND_OFFSET, message.indexOf(0, COMMAND_OFFSET));
}

class Proxy {
  readonly cuts: { readonly command: string; readonly when: 'before' | 'after' }[] = [];
  readonly counts = new Map<string, number>();
  readonly sockets = new Set<Socket>();
  readonly #upstreamPort: number;
  readonly #options: ProxyOptions;
  #turn: Promise<void> = Promise.resolve();
  held: (() => void)[] | null = null;
  isDown = false;

  constructor(upstreamPort: number, options: ProxyOptions) {
    this.#upstreamPort = upstreamPort;
    this.#options = options;
  }

  accept(client: Socket): void {
    if (this.isDown) {
      client.destroy();
      return;
    }
    const upstream = connect(this.#upstreamPort, '127.0.0.1');
    let isCutAtAnswer = false;
    let answered = (): void => undefined;
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
      answered();
    };
    const pass = (message: Buffer): Promise<void> => {
      const answer = Promise.withResolvers<undefined>();
      answered = () => {
        answer.resolve(undefined);
      };
      if (upstream.destroyed) answered();
      else upstream.write(message);
      return answer.promise;
    };
    const onRequest = (message: Buffer): void => {
      const command = commandOf(message);
      this.#options.onCommand?.(message);
      const when = this.#takeCut(command);
      if (when === 'before') {
        cut();
        return;
      }
      isCutAtAnswer = when === 'after';
      this.counts.set(command, (this.counts.get(command) ?? 0) + 1);
      if (this.#options.isSerial === true && SERIAL_COMMANDS.has(command))
        this.#turn = this.#turn.then(() => pass(message));
      else void pass(message);
    };
    const onAnswer = (message: Buffer): void => {
      const deliver = isCutAtAnswer ? cut : (): void => void client.write(message);
      if (this.held === null) deliver();
      else this.held.push(deliver);
      answered();
    };
    client.on('data', framer(onRequest));
    upstream.on('data', framer(onAnswer));
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
  }

  #takeCut(command: string): 'before' | 'after' | null {
    const index = this.cuts.findIndex((planned) => planned.command === command);
    return index < 0 ? null : (this.cuts.splice(index, 1)[0]?.when ?? null);
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** @param uri of the server behind, on loopback */
export async function startCuttableProxy(uri: string, options: ProxyOptions = {}): Promise<CuttableProxy> {
  const proxy = new Proxy(Number(new URL(uri).port), options);
  const server = createServer((client) => {
    proxy.accept(client);
  });
  const port = await listen(server);
  return {
    uri: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    cutNext: (command, when) => void proxy.cuts.push({ command, when }),
    passed: (command) => proxy.counts.get(command) ?? 0,
    stall: () => {
      proxy.held ??= [];
      return () => {
        const held = proxy.held ?? [];
        proxy.held = null;
        for (const deliver of held) deliver();
      };
    },
    goDown: () => {
      proxy.isDown = true;
      for (const socket of proxy.sockets) socket.destroy();
      return () => {
        proxy.isDown = false;
      };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of proxy.sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
