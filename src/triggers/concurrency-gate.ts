// `concurrency` of a pipeline at the door: which key a run belongs to, and what becomes of it when the key has no place left.
//   queue            it waits for a place; other keys pass it
//   cancel_previous  the same, and the oldest of its key are told to end, so that with it there are no more than `max`
//   skip, reject     its place is taken before it is stored; without one it is stored as cancelled, or refused
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { RunId } from '../core/ids.ts';
import type { JsonValue } from '../core/json.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { Expression } from '../core/ports/expression.ts';
import type { PlaceKey } from '../core/ports/place-store.ts';
import type { Run } from '../core/run.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { failureOf } from '../pipeline/end-run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import { placeOf, type RunPlaces } from '../pipeline/worker/run-places.ts';

const KEY_BYTES_MAX = 256;
const RETRY_AFTER_MS = 1_000;
/** Waiting runs of a key that a new one looks at, to end them. */
const PREVIOUS_MAX = 100;

export class ConcurrencyGate {
  readonly #ports: RunPorts;
  readonly #settings: RunSettings;
  readonly #places: RunPlaces;
  readonly #cancel: (runId: RunId) => Promise<unknown>;
  readonly #compiled = new Map<string, Expression>();
  /** by pipeline and idempotency key, the last start that is under way */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(ports: RunPorts, settings: RunSettings, places: RunPlaces, cancel: (runId: RunId) => Promise<unknown>) {
    this.#ports = ports;
    this.#settings = settings;
    this.#places = places;
    this.#cancel = cancel;
  }

  /** The key of a new run; null: the pipeline has no bound. @throws GantryError EXPRESSION_INVALID, INPUT_INVALID */
  keyOf({ name, concurrency }: Pipeline, params: JsonValue, data: JsonValue): string | null {
    if (concurrency === null) return null;
    if (concurrency.key === null) return '';
    const value = this.#evaluate(name, concurrency.key, { params, data, results: {}, run: {} });
    const key = typeof value === 'string' ? value : canonicalJson(value);
    const bytes = Buffer.byteLength(key);
    if (bytes <= KEY_BYTES_MAX) return key;
    const message = `the concurrency key of ${name} has ${String(bytes)} bytes, at most ${String(KEY_BYTES_MAX)} are accepted`;
    throw new GantryError('INPUT_INVALID', message);
  }

  /**
   * Starts under one idempotency key, one after the other: a request that comes twice at once must not find its own place taken by itself.
   * @param work told whether there was one before it, whose run it may have to give
   */
  async inTurn<T>({ pipeline, idempotencyKey }: Run, work: (isBehind: boolean) => Promise<T>): Promise<T> {
    if (idempotencyKey === null) return await work(false);
    const key = `${pipeline}\n${idempotencyKey}`;
    const before = this.#turns.get(key);
    const turn = before === undefined ? work(false) : before.then(() => work(true));
    const over = turn.catch(() => undefined);
    this.#turns.set(key, over);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === over) this.#turns.delete(key);
    }
  }

  /** The run as it is to be stored. @throws GantryError CONCURRENCY_FULL, STORE_* */
  async ask({ concurrency }: Pipeline, run: Run): Promise<Run> {
    const place = placeOf(run);
    if (concurrency === null || place === null) return run;
    const { whenFull, max } = concurrency;
    if (whenFull === 'queue' || whenFull === 'cancel_previous') return { ...run, needsPlace: true };
    if (await this.#places.take(place, run.id)) return run;
    const message = `${String(max)} runs of ${run.pipeline} are under way${place.key === '' ? '' : ' under this concurrency key'}`;
    if (whenFull === 'reject') throw new GantryError('CONCURRENCY_FULL', message, { retryAfterMs: RETRY_AFTER_MS });
    const hooks = run.hooks.map((record) => ({ ...record, state: 'cancelled' as const }));
    const failure = failureOf('CONCURRENCY_SKIPPED', message);
    return { ...run, state: 'cancelled', finishedAtMs: run.createdAtMs, hooks, failure };
  }

  /** The run is stored. What cannot be done now is made up for by the sweep. */
  async stored({ concurrency }: Pipeline, run: Run): Promise<void> {
    const place = placeOf(run);
    if (concurrency === null || place === null || !run.needsPlace) return;
    if (concurrency.whenFull === 'cancel_previous') await this.#cancelPrevious(place, concurrency.max, run.id);
    this.#places.admit(place);
  }

  /** The run is not stored, and will not be. */
  dropped(run: Run): void {
    const place = placeOf(run);
    if (place !== null && !run.needsPlace && run.state === 'queued') this.#places.giveBack(place, run.id);
  }

  /** Only those before it: of several that come at once the newest goes on, and no two end each other. */
  async #cancelPrevious(place: PlaceKey, max: number, runId: RunId): Promise<void> {
    const { store, logger } = this.#ports;
    try {
      const known = await tryOnce({ ...this.#ports, ...this.#settings }, 'placeHolders', async (options) => [
        ...(await store.places.holdersOf(place, options)),
        ...(await store.places.listWaiting(place, PREVIOUS_MAX, options)).map(({ id }) => id),
      ]);
      const previous = [...new Set(known)].filter((id) => id < runId).toSorted();
      for (const id of previous.slice(0, Math.max(0, previous.length - max + 1))) await this.#end(id);
    } catch (error) {
      logger.log('warn', 'earlier runs of a concurrency key were not ended', { runId, cause: messageOf(error) });
    }
  }

  async #end(runId: RunId): Promise<void> {
    try {
      await this.#cancel(runId);
    } catch (error) {
      if (error instanceof GantryError && (error.code === 'RUN_FINISHED' || error.code === 'RUN_NOT_FOUND')) return;
      throw error;
    }
  }

  #evaluate(pipeline: string, source: string, variables: Readonly<Record<string, JsonValue>>): JsonValue {
    try {
      return this.#compile(source).evaluate(variables);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      throw new GantryError(error.code, `concurrency.key of ${pipeline}: ${error.message}`, { cause: error });
    }
  }

  #compile(source: string): Expression {
    const known = this.#compiled.get(source);
    if (known !== undefined) return known;
    const compiled = this.#ports.expressions.compile(source);
    this.#compiled.set(source, compiled);
    return compiled;
  }
}
