// Looks at every schedule when its next tick is due, and at least once a minute, so that a clock that jumped, a machine that slept, and what
// other processes wrote are noticed. Every process may run it: what happens to a tick is decided in the store.
import { messageOf } from '../core/errors/gantry-error.ts';
import type { ScheduleRecord } from '../core/ports/schedule-store.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts } from '../pipeline/run-ports.ts';
import type { DeclaredSchedule, DeclaredSchedules } from './declared-schedules.ts';
import { TickFirer, type FirePorts, type FireSettings } from './fire-tick.ts';

const LOOK_MS = 60_000;
const FAILED_PAUSE_MS = 5_000;
/** Schedules that are looked at at the same time. */
const WIDTH = 8;

export type LoopPorts = FirePorts &
  Pick<RunPorts, 'logger'> & {
    readonly declared: DeclaredSchedules;
    /** what stands in the store, at each look */
    readonly onListed: (records: readonly ScheduleRecord[]) => void;
  };

export class ScheduleLoop implements AsyncDisposable {
  readonly #ports: LoopPorts;
  readonly #settings: FireSettings;
  readonly #firer: TickFirer;
  readonly #stop = new AbortController();
  #rest = new AbortController();
  #running: Promise<void> | null = null;
  #hasFailed = false;

  constructor(ports: LoopPorts, settings: FireSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#firer = new TickFirer(ports, settings);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something changed: looks at once. */
  wake(): void {
    this.#rest.abort();
  }

  /** Waits for the look that is under way; a tick that is taken and not started then is gone on with at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    while (!this.#stop.signal.aborted) {
      const rest = new AbortController();
      this.#rest = rest;
      const waitMs = Math.min(LOOK_MS, Math.max(0, (await this.#look()) - clock.wallMs()));
      await clock.sleep(Math.ceil(waitMs), rest.signal).catch(() => undefined);
    }
  }

  /** When to look again. Never rejects. */
  async #look(): Promise<number> {
    const { clock } = this.#ports;
    try {
      const declared = this.#ports.declared.current();
      const stored = await this.#stored();
      for (const record of stored.values()) if (!declared.has(record.id)) await this.#forget(record);
      this.#hasFailed = false;
      const waiting = [...declared.values()];
      const lanes = Array.from({ length: WIDTH }, () => this.#lane(waiting, stored));
      return Math.min(...(await Promise.all(lanes)));
    } catch (error) {
      this.#tellFailure('the schedules cannot be looked at', {}, error);
      return clock.wallMs() + FAILED_PAUSE_MS;
    }
  }

  async #lane(waiting: DeclaredSchedule[], stored: ReadonlyMap<string, ScheduleRecord>): Promise<number> {
    let earliest = Infinity;
    for (let one = waiting.pop(); one !== undefined && !this.#stop.signal.aborted; one = waiting.pop())
      earliest = Math.min(earliest, await this.#lookAt(one, stored.get(one.id) ?? null));
    return earliest;
  }

  async #lookAt(schedule: DeclaredSchedule, stored: ScheduleRecord | null): Promise<number> {
    try {
      return (await this.#firer.look(schedule, stored)) ?? Infinity;
    } catch (error) {
      this.#tellFailure('a schedule cannot go on', { schedule: schedule.id }, error);
      return this.#ports.clock.wallMs() + FAILED_PAUSE_MS;
    }
  }

  async #stored(): Promise<ReadonlyMap<string, ScheduleRecord>> {
    const records = await tryOnce({ ...this.#ports, ...this.#settings }, 'listSchedules', (options) =>
      this.#ports.store.schedules.list(options),
    );
    this.#ports.onListed(records);
    return new Map(records.map((record) => [record.id, record]));
  }

  /** Of a schedule that is not declared any more. */
  async #forget({ id, revision }: ScheduleRecord): Promise<void> {
    await tryOnce({ ...this.#ports, ...this.#settings }, 'removeSchedule', (options) =>
      this.#ports.store.schedules.remove(id, revision, options),
    );
  }

  /** Once per failure, not at every look: a store that is away is told elsewhere, too. */
  #tellFailure(message: string, fields: Readonly<Record<string, string>>, error: unknown): void {
    const level = this.#hasFailed ? 'debug' : 'warn';
    this.#hasFailed = true;
    this.#ports.logger.log(level, message, { ...fields, cause: messageOf(error) });
  }
}
