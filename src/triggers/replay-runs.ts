// New runs from ended ones: `retry` goes on where a run failed, `replay` begins again at any hook, with other params or data. Both are
// ordinary runs that come through the one door, linked to the run that they were made from, which stays as it is.
import { ARTIFACTS_PAYLOAD, readArtifacts } from '../core/artifact.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunId } from '../core/ids.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { StoreOptions } from '../core/ports/store.ts';
import { EDITED_PAYLOAD, INPUT_PAYLOAD, isTerminal, RESULTS_PAYLOAD, type Lineage, type Run } from '../core/run.ts';
import { parseStrictText } from '../core/strict-json.ts';
import { pendingHooks } from '../pipeline/adopt-pipeline.ts';
import { emptyObject } from '../pipeline/graph/build-context.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import { checkUse, chooseVersions } from './choose-versions.ts';
import { NOTHING_REUSED, remakeRun, type Remade } from './remake-run.ts';
import type { Started, StartRequest } from './start-run.ts';

export interface RetryRequest {
  readonly runId: RunId;
  readonly idempotencyKey?: string | null;
}

export interface ReplayRequest extends RetryRequest {
  /** the first hook to be run again; null: the first of all */
  readonly from: string | null;
  /** members that take the place of the original's; the others stay */
  readonly params?: JsonObject;
  /** in place of the input, or of the data that `from` began with */
  readonly data?: JsonValue;
  /** versions in place of those that serve, by the plugin's name; see PluginVersions.choose */
  readonly pluginVersions?: Readonly<Record<string, string>>;
}

/** Stored documents wrap what plugins gave, so they may nest a little deeper than a request. */
const STORED_DEPTH_MAX = 128;

export class RunReplayer {
  readonly #ports: RunPorts;
  readonly #settings: RunSettings;
  readonly #start: (request: StartRequest) => Promise<Started>;

  constructor(ports: RunPorts, settings: RunSettings, start: (request: StartRequest) => Promise<Started>) {
    this.#ports = ports;
    this.#settings = settings;
    this.#start = start;
  }

  /** @throws GantryError RUN_NOT_FOUND, RUN_NOT_FINISHED, RUN_SUCCEEDED, HOOKS_CHANGED, and what `startRun` throws */
  async retry({ runId, idempotencyKey = null }: RetryRequest): Promise<Started> {
    const run = await this.#ended(runId);
    if (run.state === 'succeeded') {
      throw new GantryError('RUN_SUCCEEDED', `the run ${runId} succeeded; replay it to run it again`);
    }
    return await this.#remake(run, 'retry', { runId, idempotencyKey, from: null });
  }

  /**
   * @throws GantryError RUN_NOT_FOUND, RUN_NOT_FINISHED, HOOK_NOT_FOUND, HOOKS_CHANGED, REPLAY_IMPOSSIBLE, PLUGIN_NOT_FOUND,
   * PLUGIN_VERSION_NOT_FOUND, PLUGIN_VERSION_REMOVED, and what `startRun` throws
   */
  async replay(request: ReplayRequest): Promise<Started> {
    const run = await this.#ended(request.runId);
    return await this.#remake(run, 'replay', request);
  }

  async #ended(runId: RunId): Promise<Run> {
    const run = await this.#once('findRun', (options) => this.#ports.store.findRun(runId, options));
    if (run === null) throw new GantryError('RUN_NOT_FOUND', `no run has the id ${runId}`);
    if (isTerminal(run.state)) return run;
    throw new GantryError('RUN_NOT_FINISHED', `the run ${runId} has not ended: ${run.state}`);
  }

  async #remake(run: Run, kind: 'retry' | 'replay', request: ReplayRequest): Promise<Started> {
    const { data, idempotencyKey = null } = request;
    const pipeline = this.#pipelineOf(run);
    const { input, remade } = await this.#takeOver(run, pipeline, request, kind === 'replay');
    const { resumption, ...place } = remade;
    using chosen = await chooseVersions(this.#ports, this.#settings, request.pluginVersions);
    checkUse(chosen.versions, pipeline, resumption?.hooks ?? pendingHooks(pipeline));
    const lineage: Lineage = { kind, runId: run.id, ...place, ...chosen.lineage };
    return await this.#start({
      pipeline: run.pipeline,
      trigger: 'replay',
      params: { ...run.params, ...request.params },
      data: resumption === null ? (data ?? input) : input,
      ...{ idempotencyKey, lineage, tags: run.tags, skipTags: run.skipTags },
      ...(resumption === null ? {} : { resumption }),
    });
  }

  async #takeOver(
    run: Run,
    pipeline: Pipeline,
    { from, data }: ReplayRequest,
    isReplay: boolean,
  ): Promise<{ readonly input: JsonValue; readonly remade: Remade }> {
    const input = (await this.#load(run, INPUT_PAYLOAD)) ?? emptyObject();
    const results = await this.#load(run, RESULTS_PAYLOAD);
    const edited = run.lineage?.editedAt === undefined ? null : await this.#load(run, EDITED_PAYLOAD);
    const artifacts = readArtifacts(await this.#loadText(run, ARTIFACTS_PAYLOAD));
    // Its documents go after it was hidden, so one that is still found had all of them.
    await this.#ended(run.id);
    if (isReplay && from === null) return { input, remade: NOTHING_REUSED };
    return { input, remade: remakeRun({ run, pipeline, from, input, results, data, edited, artifacts }) };
  }

  #pipelineOf({ id, pipeline: name }: Run): Pipeline {
    const pipeline = this.#ports.pipelines().get(name);
    if (pipeline !== undefined) return pipeline;
    throw new GantryError('PIPELINE_NOT_FOUND', `the pipeline ${name} of ${id} is not declared any more`);
  }

  async #load(run: Run, name: string): Promise<JsonValue | null> {
    const json = await this.#loadText(run, name);
    if (json === null) return null;
    const parsed = parseStrictText(json, STORED_DEPTH_MAX);
    if (!parsed.ok) throw new GantryError('STORE_FAILED', `payload ${name} of ${run.id}: ${parsed.message}`);
    return parsed.value;
  }

  async #loadText({ id }: Run, name: string): Promise<string | null> {
    return await this.#once('findPayload', (options) => this.#ports.store.findPayload(id, name, options));
  }

  async #once<T>(operation: string, work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return await tryOnce({ ...this.#ports, ...this.#settings }, operation, work);
  }
}
