// Retries many failed runs by a filter, newest first. Harmless when it is done twice, by two at once, or again after it was interrupted: each
// run is retried under an idempotency key of its own, and one that was retried already is passed over (if that retry failed, it stands for
// itself).
import { GantryError } from '../core/errors/gantry-error.ts';
import { formatId, type RunId } from '../core/ids.ts';
import type { Page, StoreOptions } from '../core/ports/store.ts';
import type { Run, RunState } from '../core/run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import type { RunReplayer } from './replay-runs.ts';

export const REDRIVEN_STATES = ['failed', 'timed_out', 'cancelled'] as const satisfies readonly RunState[];

export interface RedriveRequest {
  readonly pipeline: string | null;
  readonly states: readonly (typeof REDRIVEN_STATES)[number][];
  /** of the runs' failures; null: any */
  readonly code: string | null;
  /** when the runs were made, unix milliseconds */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** only runs older than this one: the `next` of a redrive before */
  readonly after: RunId | null;
  /** runs that are retried at most */
  readonly limit: number;
  readonly isDryRun: boolean;
}

export interface RedrivenRun {
  readonly run: RunId;
  readonly code: string | null;
  /** the new run; null: none was made, or it is a dry run */
  readonly retry: RunId | null;
  /** why none was made */
  readonly skipped: 'retried' | 'sub_run' | 'refused' | null;
  /** the code of a refusal */
  readonly refusal: string | null;
}

export interface RedriveReport {
  readonly isDryRun: boolean;
  readonly retried: number;
  readonly items: readonly RedrivenRun[];
  /** where to go on; null: all that fit were looked at, or none was */
  readonly next: RunId | null;
  /** the queue took no more: later, go on at `next` */
  readonly isStopped: boolean;
}

const PAGE = 100;
/** Runs looked at by one request: those of another code cost a look, too. */
const LOOKED_AT_MAX = 10_000;
const NO_RANDOM = new Uint8Array(10);

type Ports = RunPorts & { readonly settings: RunSettings; readonly replayer: Pick<RunReplayer, 'retry'> };

/** @throws GantryError STORE_*; what was retried until then stays */
export async function redriveRuns(request: RedriveRequest, ports: Ports, signal: AbortSignal): Promise<RedriveReport> {
  const redrive = new Redrive(request, ports);
  for (let lookedAt = 0; lookedAt < LOOKED_AT_MAX; lookedAt += PAGE) {
    signal.throwIfAborted();
    const page = await redrive.page();
    for (const run of page.items) {
      const end = await redrive.take(run);
      if (end !== null) return redrive.report(end);
    }
    if (page.next === null) return redrive.report('all');
  }
  return redrive.report('more');
}

/** Why a redrive ends: all that fit were looked at, there is more, or the queue took no more. */
type End = 'all' | 'more' | 'full';

class Redrive {
  readonly #request: RedriveRequest;
  readonly #ports: Ports;
  readonly #since: string;
  readonly #items: RedrivenRun[] = [];
  #after: RunId | null;
  #retried = 0;

  constructor(request: RedriveRequest, ports: Ports) {
    const { sinceMs, untilMs, after } = request;
    this.#request = request;
    this.#ports = ports;
    this.#since = sinceMs === null ? '' : formatId('run', sinceMs, NO_RANDOM);
    this.#after = after ?? (untilMs === null ? null : formatId('run', untilMs, NO_RANDOM));
  }

  async page(): Promise<Page<Run>> {
    const { pipeline, states } = this.#request;
    const filter = { states, ...(pipeline === null ? {} : { pipeline }) };
    const page = { limit: PAGE, ...(this.#after === null ? {} : { after: this.#after }) };
    return await this.#once((options) => this.#ports.store.listRuns(filter, page, options));
  }

  /** Looks at the next run. Null: go on. */
  async take(run: Run): Promise<End | null> {
    const { limit, code } = this.#request;
    if (run.id < this.#since) return 'all';
    if (this.#retried >= limit) return 'more';
    if (code === null || run.failure?.code === code) {
      const item = await this.#redrive(run);
      if (item === 'full') return item;
      this.#items.push(item);
      if (item.skipped === null) this.#retried += 1;
    }
    this.#after = run.id;
    return null;
  }

  report(end: End): RedriveReport {
    const next = end === 'all' ? null : this.#after;
    const { isDryRun } = this.#request;
    return { isDryRun, retried: this.#retried, items: this.#items, next, isStopped: end === 'full' };
  }

  async #redrive(run: Run): Promise<RedrivenRun | 'full'> {
    const told = { run: run.id, code: run.failure?.code ?? null, retry: null, refusal: null };
    const skipped = await this.#whySkipped(run);
    if (skipped !== null || this.#request.isDryRun) return { ...told, skipped };
    try {
      const started = await this.#ports.replayer.retry({ runId: run.id, idempotencyKey: `redrive:${run.id}` });
      return { ...told, retry: started.run.id, skipped: started.isRepeat ? 'retried' : null };
    } catch (error) {
      // What is wrong with one run is told of it; what concerns all ends the redrive.
      if (!(error instanceof GantryError)) throw error;
      if (error.fault === 'load') return 'full';
      if (error.isRetryable) throw error;
      return { ...told, skipped: 'refused', refusal: error.code };
    }
  }

  async #whySkipped({ id, lineage }: Run): Promise<'sub_run' | 'retried' | null> {
    // Whoever started it has its failure already, and does not look at another run.
    if (lineage?.kind === 'run') return 'sub_run';
    const { items } = await this.#once((options) =>
      this.#ports.store.listRuns({ madeFrom: id }, { limit: PAGE }, options),
    );
    return items.some((made) => made.lineage?.kind === 'retry') ? 'retried' : null;
  }

  async #once<T>(work: (options: StoreOptions) => Promise<T>): Promise<T> {
    const { settings, ...ports } = this.#ports;
    return await tryOnce({ ...ports, ...settings }, 'listRuns', work);
  }
}
