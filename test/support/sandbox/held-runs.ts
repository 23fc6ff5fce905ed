// A plugin for the fake engine whose runs are held until the test answers them: for several invocations in one sandbox.
import type { JsonObject } from '../../../src/core/json.ts';
import type { Limits } from '../../../src/core/limits.ts';
import type { Plugin, PluginVersion } from '../../../src/core/plugin.ts';
import type { InvocationRequest } from '../../../src/core/ports/invoker.ts';
import type { FakeWorker } from './fake-worker.ts';
import { streamProgram, type StreamRunCall } from './stream-program.ts';

export type Ends = ReturnType<FakeWorker['invoke']>[];

/** Capabilities of a plugin that can do all this is about. */
export const BOTH: JsonObject = { concurrency: true, cancel: true };

/** A plugin whose runs are held until the test answers them. */
export class HeldRuns {
  readonly runs: StreamRunCall[] = [];
  readonly version: PluginVersion;
  readonly #worker: FakeWorker;

  constructor(
    worker: FakeWorker,
    plugin: Partial<Omit<Plugin, 'limits'>> = {},
    capabilities: JsonObject = BOTH,
    limits: Partial<Limits> = {},
  ) {
    this.#worker = worker;
    const acts = {
      hold: (run: StreamRunCall) => {
        this.runs.push(run);
        return null;
      },
      foreign: async ({ id, say }: StreamRunCall) => {
        await say({ id, result: { nonce: 'other' } });
        return null;
      },
      dies: () => {
        throw new Error('exit');
      },
    };
    const program = streamProgram({ capabilities, acts });
    worker.programs.set('stream', async (process) => {
      try {
        return await program(process);
      } catch {
        return 3;
      }
    });
    this.version = worker.version('stream', {
      plugin: { protocol: 'stream', reuse: 'warm', concurrency: 3, ...plugin },
      limits,
    });
  }

  /** @param act `hold`, `foreign`; anything else is answered at once */
  invoke(act: string, changes: Partial<InvocationRequest> = {}): ReturnType<FakeWorker['invoke']> {
    const input = Buffer.from(JSON.stringify({ act, invocation: { nonce: 'abc' } }));
    return this.#worker.invoke(this.version, { nonce: 'abc', input, ...changes });
  }

  /** Most runs that one process has unanswered. */
  get most(): number {
    return Math.max(0, ...this.runs.map(({ process }) => this.runs.filter((run) => run.process === process).length));
  }

  /** Starts invocations that are held, one after the other. */
  async hold(count: number, changes: Partial<InvocationRequest> = {}): Promise<Ends> {
    const ends: Ends = [];
    for (let index = 0; index < count; index += 1) {
      ends.push(this.invoke('hold', changes));
      await this.#worker.settle();
    }
    return ends;
  }

  async answerAll(): Promise<void> {
    for (const { id, nonce, say } of this.runs.splice(0)) await say({ id, result: { nonce, data: { id } } });
    await this.#worker.settle();
  }
}
