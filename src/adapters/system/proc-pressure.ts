// The pressure of this machine: PSI (https://docs.kernel.org/accounting/psi.html) where the kernel has it, else for the CPU what its load says.
// In a container these files are the host's, which is what is asked for.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { HostPressure } from '../../core/ports/host-pressure.ts';
import type { PressedResource, PressureReading } from '../../core/pressure.ts';

export class ProcPressure implements HostPressure {
  readonly #folder: string;
  readonly #cores: number;

  /** @param folder where procfs is mounted */
  constructor(folder = '/proc', cores = availableParallelism()) {
    this.#folder = folder;
    this.#cores = cores;
  }

  async read(): Promise<PressureReading> {
    const [cpu, memory, io, memoryFree] = await Promise.all([
      this.#stall('cpu'),
      this.#stall('memory'),
      this.#stall('io'),
      this.#memoryFree(),
    ]);
    return { cpu: cpu ?? (await this.#waitingShare()), memory, io, memoryFree };
  }

  /** Share of the last ten seconds in which some process had to wait. */
  async #stall(resource: PressedResource): Promise<number | null> {
    const percent = /^some avg10=(\d+(?:\.\d+)?)/m.exec(await this.#text(`pressure/${resource}`))?.[1];
    return percent === undefined ? null : Number(percent) / 100;
  }

  /** Of those who want a core, the share that has none. */
  async #waitingShare(): Promise<number | null> {
    const load = /^(\d+(?:\.\d+)?) /.exec(await this.#text('loadavg'))?.[1];
    if (load === undefined) return null;
    return Number(load) <= this.#cores ? 0 : 1 - this.#cores / Number(load);
  }

  async #memoryFree(): Promise<number | null> {
    const text = await this.#text('meminfo');
    const [total, available] = ['MemTotal', 'MemAvailable'].map((name) =>
      Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN),
    );
    const share = (available ?? Number.NaN) / (total ?? Number.NaN);
    return Number.isFinite(share) ? share : null;
  }

  /** Empty where there is no such file: PSI can be switched off in the kernel. */
  async #text(name: string): Promise<string> {
    return await readFile(join(this.#folder, name), 'utf8').catch(() => '');
  }
}
