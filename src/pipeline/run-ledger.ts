// How far a run has come, in the shape the store keeps: one record per hook and a bounded list of warnings. Changes are collected here
// and written together, so the end of a hook and the start of the next one are one write; their events wait for that write.
import type { RunEvent } from '../core/events.ts';
import type { HookRecord, Run, RunWarning } from '../core/run.ts';
import type { RunChanges } from '../core/ports/store.ts';

/** More warnings than this are counted, not kept. */
export const WARNINGS_MAX = 100;

export class RunLedger {
  readonly #run: Pick<Run, 'id' | 'pipeline'>;
  readonly #hooks: HookRecord[];
  readonly #warnings: RunWarning[];
  readonly #events: RunEvent[] = [];
  #omitted = 0;

  constructor(run: Pick<Run, 'id' | 'pipeline' | 'warnings'>, hooks: readonly HookRecord[]) {
    this.#run = run;
    this.#hooks = [...hooks];
    this.#warnings = [...run.warnings];
  }

  get hooks(): readonly HookRecord[] {
    return this.#hooks;
  }

  /** Index of the first hook that has not ended well; the number of hooks when all have. */
  get firstUnfinished(): number {
    const index = this.#hooks.findIndex(({ state }) => state !== 'succeeded' && state !== 'skipped');
    return index === -1 ? this.#hooks.length : index;
  }

  startHook(index: number, nowMs: number): void {
    const record = this.#set(index, { state: 'running', startedAtMs: nowMs, finishedAtMs: null });
    if (record !== null) this.#events.push({ kind: 'hookStarted', ...this.#placeOf(record) });
  }

  /** Takes a hook back to where it was before it started. */
  resetHook(index: number): void {
    this.#set(index, { state: 'pending', startedAtMs: null, finishedAtMs: null });
  }

  endHook(index: number, state: 'succeeded' | 'failed' | 'skipped' | 'cancelled', nowMs: number): void {
    const record = this.#set(index, { state, finishedAtMs: nowMs });
    if (record === null) return;
    const durationMs = Math.max(0, nowMs - (record.startedAtMs ?? nowMs));
    this.#events.push({ kind: 'hookFinished', ...this.#placeOf(record), state, durationMs });
  }

  /** Hooks that never started when the run ends. */
  closeRest(state: 'skipped' | 'cancelled'): void {
    this.#hooks.forEach((record, index) => {
      if (record.state === 'pending') this.#set(index, { state });
    });
  }

  warn(warnings: readonly RunWarning[]): void {
    for (const warning of warnings) {
      if (this.#warnings.length < WARNINGS_MAX) this.#warnings.push(warning);
      else this.#omitted += 1;
    }
  }

  changes(): Pick<RunChanges, 'hooks' | 'warnings'> {
    const warnings = [...this.#warnings];
    if (this.#omitted > 0) {
      const message = `${String(this.#omitted)} more warnings were left out`;
      warnings.push({ code: 'WARNINGS_OMITTED', message, hook: null, plugin: null });
    }
    return { hooks: [...this.#hooks], warnings };
  }

  /** What happened since the last call; to be told once the changes are stored. */
  takeEvents(): readonly RunEvent[] {
    return this.#events.splice(0);
  }

  #placeOf({ hook }: HookRecord): { runId: Run['id']; pipeline: string; hook: string } {
    return { runId: this.#run.id, pipeline: this.#run.pipeline, hook };
  }

  #set(index: number, changes: Partial<HookRecord>): HookRecord | null {
    const record = this.#hooks[index];
    if (record === undefined) return null;
    const next = { ...record, ...changes };
    this.#hooks[index] = next;
    return next;
  }
}
