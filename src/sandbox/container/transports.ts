// Which transport the next sandbox gets: named pipes where they can work, else the engine's stream. Whether program and engine share a file
// system shows when a first sandbox has opened its pipes. A sandbox that starts by the engine's stream after it did not by pipes proves that
// they cannot work here, and nobody tries them again.
import type { Plugin, Runtime } from '../../core/plugin.ts';
import type { EngineFacts } from '../../core/ports/container-engine.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { NamedPipes } from '../../core/ports/named-pipes.ts';
import type { Transport } from '../../core/sandbox.ts';

export const TRANSPORT_SETTINGS = ['auto', 'attach'] as const;
export type TransportSetting = (typeof TRANSPORT_SETTINGS)[number];

export interface TransportState {
  /** what sandboxes of protocol `stream` get */
  readonly transport: Transport;
  readonly reason: string;
}

/** In a few words, for health and `doctor`. */
export function describeTransport({ transport, reason }: TransportState): string {
  return `${transport} (${reason})`;
}

/** Runtimes whose images have a shell, which puts the command on the pipes. */
const WITH_SHELL: ReadonlySet<Runtime> = new Set(['python', 'node', 'shell', 'java']);

/** Why pipes cannot work, as far as it is known without a try; null when they may. @param kernelVersion of this program's host */
export function whyNoPipes(
  setting: TransportSetting,
  facts: Pick<EngineFacts, 'isOnSocket' | 'defaultRuntime' | 'kernelVersion'>,
  kernelVersion: string,
): string | null {
  if (setting === 'attach') return 'sandbox.transport says so';
  if (!facts.isOnSocket) return 'the engine is reached over the network';
  if (facts.kernelVersion !== kernelVersion) return 'the engine runs on another kernel';
  return facts.defaultRuntime.startsWith('runsc') ? 'gVisor has a kernel of its own' : null;
}

/** Only what is known before a start: other images may lack a shell, other commands may be none that a shell can start. */
export function isForPipes({ protocol, source }: Plugin): boolean {
  return (
    protocol === 'stream' && source.kind === 'runtime' && source.command === null && WITH_SHELL.has(source.runtime)
  );
}

export function transportState(whyNot: string | null, isProven: boolean): TransportState {
  if (whyNot !== null) return { transport: 'attach', reason: whyNot };
  return { transport: 'fifo', reason: isProven ? 'a sandbox has opened its pipes' : 'not tried yet' };
}

export class Transports {
  readonly #pipes: NamedPipes | null;
  readonly #logger: Logger;
  #whyNot: string | null;
  #isProven = false;

  /** @param whyNot of whyNoPipes; `pipes` null counts as one */
  constructor(pipes: NamedPipes | null, whyNot: string | null, logger: Logger) {
    this.#pipes = pipes;
    this.#whyNot = pipes === null ? (whyNot ?? 'there are no pipes') : whyNot;
    this.#logger = logger;
  }

  get state(): TransportState {
    return transportState(this.#whyNot, this.#isProven);
  }

  /** Null: the engine's stream. */
  pipesFor(plugin: Plugin): NamedPipes | null {
    return this.#whyNot === null && isForPipes(plugin) ? this.#pipes : null;
  }

  /** What an earlier life left goes, also where pipes are not used any more. */
  async sweep(): Promise<void> {
    await this.#pipes?.sweep();
  }

  /** A sandbox has opened its pipes: whatever fails from now on, it is not that. */
  prove(): void {
    this.#isProven = true;
  }

  /** A sandbox started by the engine's stream after it did not by pipes. */
  blame(sandboxId: string, cause: string): void {
    const fields = { sandbox: sandboxId, cause };
    if (this.#isProven) this.#logger.log('warn', 'a sandbox could not open its pipes and got the stream', fields);
    else if (this.#whyNot === null) {
      this.#whyNot = `a first sandbox could not open its pipes: ${cause}`;
      this.#logger.log('warn', 'named pipes do not work here: every sandbox gets the stream of the engine', fields);
    }
  }
}
