// How far a run has come, in the shape the store keeps: one record per hook and a bounded list of warnings. Changes are collected here
// and written together, so the end of a hook and the start of the next one are one write; their events wait for that write.
import type { RunEvent } from '../../core/events.ts';
import type { HookRecord, HookWait, Run, RunWarning, TerminalRunState } from '../../core/run.ts';
import type { RunChanges } from '../../core/ports/store.ts';
import { hasPassed } from '../graph/next-hooks.ts';

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

  /** The first main hook that has not ended well, as declared; null when all have. */
  get firstUnfinished(): string | null {
    return this.#hooks.find((record) => record.section === undefined && !hasPassed(record))?.hook ?? null;
  }

  /** The hooks in the state, by their indexes. */
  inState(state: HookRecord['state']): readonly number[] {
    return this.#hooks.flatMap((record, index) => (record.state === state ? [index] : []));
  }

  /** A hook that goes on after a wait keeps the moment of its start, and nothing is told of it. */
  startHook(index: number, nowMs: number): void {
    const before = this.#hooks[index];
    if (before?.state === 'waiting') {
      this.#set(index, { state: 'running' });
      return;
    }
    const record = this.#set(index, { state: 'running', startedAtMs: nowMs, finishedAtMs: null });
    if (record !== null) this.#events.push({ kind: 'hookStarted', ...this.#placeOf(record) });
  }

  /** Takes a hook back to where it was before it started. */
  resetHook(index: number): void {
    this.#set(index, { state: 'pending', startedAtMs: null, finishedAtMs: null });
  }

  /** The hook as it stands now. */
  record(index: number): HookRecord {
    const record = this.#hooks[index];
    if (record === undefined) throw new Error(`no hook at ${String(index)}`);
    return record;
  }

  /** What of the hook outlasts its waits. */
  mark(index: number, marks: Pick<HookRecord, 'approval' | 'child'>): void {
    this.#set(index, marks);
  }

  /** The hook has begun and is to be taken up again. */
  waitHook(index: number, wait: HookWait): void {
    this.#set(index, { state: 'waiting', wait });
  }

  endHook(
    index: number,
    state: 'succeeded' | 'failed' | 'skipped' | 'cancelled',
    nowMs: number,
    note: string | null = null,
  ): void {
    const record = this.#set(index, { state, finishedAtMs: nowMs, ...(note === null ? {} : { note }) });
    if (record === null) return;
    const durationMs = Math.max(0, nowMs - (record.startedAtMs ?? nowMs));
    this.#events.push({ kind: 'hookFinished', ...this.#placeOf(record), state, durationMs });
  }

  /** Main hooks that have not ended, now that the end of the run is certain. */
  closeMain(end: TerminalRunState, nowMs: number): void {
    this.#hooks.forEach(({ section, state }, index) => {
      if (section !== undefined) return;
      if (state === 'waiting') this.endHook(index, 'cancelled', nowMs);
      if (state === 'pending')
        this.#set(index, { state: end === 'cancelled' || end === 'timed_out' ? 'cancelled' : 'skipped' });
    });
  }

  /** Hooks of `onFailure` and `finally` that were not due. */
  closeRest(): void {
    this.#hooks.forEach(({ section, state }, index) => {
      if (section !== undefined && state === 'pending') this.#set(index, { state: 'skipped' });
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
    const { wait, ...rest } = record;
    const kept = changes.state === undefined && wait !== undefined ? { wait } : {};
    const next: HookRecord = { ...rest, ...kept, ...changes };
    this.#hooks[index] = next;
    return next;
  }
}
