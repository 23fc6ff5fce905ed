// The engine with a witness: what each container wrote to stdout, which signals reached it, how it ended; and on its way in, lines can be
// rewritten as a newer host would write them. A proxy, so that whatever else the port offers goes through untouched.
import type { Attachment, ContainerEngine } from '../../core/ports/container-engine.ts';

/** What was seen of one container. */
export interface Witness {
  /** what it wrote to stdout, at most STDOUT_MAX bytes of it */
  readonly stdout: Uint8Array[];
  /** signals that it was alive to receive, and those by which the engine ended it */
  readonly signals: string[];
  readonly user: string;
  exitCode: number | null;
}

/** Rewrites whole lines, without their line feed. */
export type Rewrite = (line: string) => string;

export interface WatchedEngine {
  readonly engine: ContainerEngine;
  /** by the container's name */
  readonly witnesses: ReadonlyMap<string, Witness>;
  /** lines that go into containers of a plugin version, by its id */
  readonly rewrites: Map<string, Rewrite>;
}

const STDOUT_MAX = 16 * 1024 * 1024;
const VERSION_LABEL = 'io.gantry.version';

export function watchEngine(engine: ContainerEngine): WatchedEngine {
  const witnesses = new Map<string, Witness>();
  const rewrites = new Map<string, Rewrite>();
  const byId = new Map<string, { readonly witness: Witness; readonly rewrite: Rewrite | null }>();
  const overrides: Partial<ContainerEngine> = {
    createContainer: async (name, spec, options) => {
      const id = await engine.createContainer(name, spec, options);
      const labels = spec.body['Labels'] as Readonly<Record<string, string>>;
      const witness = {
        stdout: [],
        signals: [],
        user: typeof spec.body['User'] === 'string' ? spec.body['User'] : '',
        exitCode: null,
      };
      witnesses.set(name, witness);
      byId.set(id, { witness, rewrite: rewrites.get(labels[VERSION_LABEL] ?? '') ?? null });
      return id;
    },
    attach: async (id, options) => {
      const attachment = await engine.attach(id, options);
      const seen = byId.get(id);
      return seen === undefined ? attachment : watchAttachment(attachment, seen.witness, seen.rewrite);
    },
    waitExit: async (id, options) => {
      const { exit } = await engine.waitExit(id, options);
      const noted = exit.then((end) => {
        const seen = byId.get(id);
        if (seen !== undefined) seen.witness.exitCode = end.exitCode;
        return end;
      });
      return { exit: noted };
    },
    killContainer: async (id, signalName, options) => {
      const wasRunning = await engine.killContainer(id, signalName, options);
      if (wasRunning) byId.get(id)?.witness.signals.push(signalName);
      return wasRunning;
    },
  };
  const watched = new Proxy(engine, {
    get: (target, name) => {
      const own: unknown = Reflect.get(overrides, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { engine: watched, witnesses, rewrites };
}

function watchAttachment(attachment: Attachment, witness: Witness, rewrite: Rewrite | null): Attachment {
  const rewriter = rewrite === null ? null : new LineRewriter(rewrite);
  let kept = 0;
  return {
    read: (listener) =>
      attachment.read((stream, bytes) => {
        if (stream === 'stdout' && kept < STDOUT_MAX) {
          witness.stdout.push(Uint8Array.from(bytes));
          kept += bytes.length;
        }
        listener(stream, bytes);
      }),
    write: (bytes) => attachment.write(rewriter === null ? bytes : rewriter.take(bytes)),
    flushed: (options) => attachment.flushed(options),
    closeInput: () => {
      attachment.closeInput();
    },
    [Symbol.dispose]: () => {
      attachment[Symbol.dispose]();
    },
  };
}

/** Holds back the beginning of a line until its end comes. */
class LineRewriter {
  readonly #rewrite: Rewrite;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(rewrite: Rewrite) {
    this.#rewrite = rewrite;
  }

  take(bytes: Uint8Array): Uint8Array {
    const lines = `${this.#rest}${this.#decoder.decode(bytes, { stream: true })}`.split('\n');
    this.#rest = lines.pop() ?? '';
    return new TextEncoder().encode(lines.map((line) => `${this.#rewrite(line)}\n`).join(''));
  }
}
