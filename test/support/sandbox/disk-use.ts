// What a container takes on the engine's disk while work goes on: the size of its writable layer, asked of the engine again and again.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { testDockerHost } from '../engine/test-engine.ts';

const exec = promisify(execFile);

export class DiskUse {
  readonly samples: number[] = [];
  readonly #over = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  /** Begins to ask; stop it before the container goes, or it just stops hearing of it. */
  watch(containerId: string): void {
    this.#watching = this.#ask(containerId);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#watching;
  }

  async #ask(containerId: string): Promise<void> {
    const { signal } = this.#over;
    const format = ['--size', '--format', '{{.SizeRw}}', containerId];
    while (!signal.aborted) {
      const answer = await exec('docker', ['-H', testDockerHost(), 'container', 'inspect', ...format], {
        signal,
      }).catch(() => null);
      if (answer !== null) this.samples.push(Number(answer.stdout));
      await sleep(250, undefined, { signal }).catch(() => undefined);
    }
  }
}
