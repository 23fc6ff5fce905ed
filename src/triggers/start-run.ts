// The one door into the program: every trigger (api, cli, schedule, webhook, replay, run) starts a run here. Resolving means that the run
// is durably accepted and will reach an end (I-1); a write whose fate is unknown is an error, never an acceptance.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunEvent } from '../core/events.ts';
import { failpoint } from '../core/failpoints.ts';
import { copyJson, type JsonObject, type JsonValue } from '../core/json.ts';
import type { Pipeline } from '../core/pipeline.ts';
import { isTerminal, type Lineage, type Run, type Trigger, READY_NOW_MS } from '../core/run.ts';
import { partitionOf } from '../core/run-partition.ts';
import type { StoreOptions, StoreWrite } from '../core/ports/store.ts';
import { suggest } from '../lib/suggest.ts';
import { pendingHooks } from '../pipeline/adopt-pipeline.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import { LeaseLost } from '../pipeline/records/run-lease.ts';
import { RunJournal } from '../pipeline/records/run-journal.ts';
import { isStoredInput } from '../pipeline/records/run-payloads.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import type { FreshRun } from '../pipeline/records/run-writes.ts';
import { checkKey, checkParams, checkSize, hashRequest, isAlwaysStored } from './check-request.ts';
import type { ConcurrencyGate } from './concurrency-gate.ts';
import { documentsOf, type Documents, type Resumption } from './remake-run.ts';
import { QueueRoom } from './queue-room.ts';

export interface StartRequest {
  readonly pipeline: string;
  readonly trigger: Trigger;
  readonly params: JsonObject;
  readonly data: JsonValue;
  readonly idempotencyKey?: string | null;
  /** name of the schedule or webhook */
  readonly source?: string;
  readonly lineage?: Lineage;
  readonly resumption?: Resumption;
  /** when the run ends as timed_out, if the time of its pipeline is not up before (unix milliseconds) */
  readonly deadlineAtMs?: number;
  /** called are only plugins with one of `tags`, when there are any, and none with one of `skipTags` */
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** who asks waits for the end and has no use of the acceptance before: it may come later, with the first invocation's start */
  readonly isAwaited?: boolean;
}

export interface Started {
  readonly run: Run;
  /** true when the idempotency key names a run that stood already */
  readonly isRepeat: boolean;
}

const RETRY_AFTER_MS = 1_000;
/** What the door needs to know of the loop behind it. */
export interface Door {
  isDraining(): boolean;
  /** begins the run at once; settles with the run when it is accepted as such. Null: it is to be queued */
  begin(run: Run, fresh: Omit<FreshRun, 'queued'>): Promise<Run> | null;
  /** called when a run was accepted to be claimed later */
  onQueued(run: Run): void;
}

export class RunStarter {
  readonly #ports: RunPorts;
  readonly #settings: RunSettings;
  readonly #door: Door;
  readonly #gate: ConcurrencyGate;
  readonly #room: QueueRoom;

  constructor(ports: RunPorts, settings: RunSettings, door: Door, gate: ConcurrencyGate) {
    this.#ports = ports;
    this.#settings = settings;
    this.#door = door;
    this.#gate = gate;
    this.#room = new QueueRoom(ports.store, settings.maxQueued);
  }

  /** @throws GantryError as Runs.startRun */
  async startRun(request: StartRequest): Promise<Started> {
    try {
      return await this.#start(request);
    } catch (error) {
      if (error instanceof GantryError) {
        const { pipeline, trigger } = request;
        this.#ports.events.emit({ kind: 'runRefused', pipeline, trigger, code: error.code });
      }
      throw error;
    }
  }

  async #start(request: StartRequest): Promise<Started> {
    if (this.#door.isDraining()) throw new GantryError('DRAINING', 'the program is shutting down');
    const pipeline = this.#findPipeline(request.pipeline);
    checkKey(request.idempotencyKey ?? null);
    const json = checkSize('data', request.data);
    // Only a repeat is compared with what was asked before; it has its answer also when the pipeline would refuse it by now.
    const requestHash = (request.idempotencyKey ?? null) === null ? '' : hashRequest(pipeline.name, request);
    const earlier = await this.#findEarlier(request, requestHash);
    if (earlier !== null) return earlier;
    const params = checkParams(pipeline, request.params);
    const concurrencyKey = this.#gate.keyOf(pipeline, params, request.data);
    const run = this.#newRun(pipeline, request, params, { requestHash, concurrencyKey });
    const input = isStoredInput(request.data) ? json : null;
    const documents = documentsOf(input, request.resumption);
    if (concurrencyKey !== null)
      return await this.#gate.inTurn(run, (isBehind) => this.#startKeyed(pipeline, run, documents, isBehind));
    const fresh = { input, data: copyJson(request.data), isAwaited: request.isAwaited === true };
    const begun = mayBegin(request) ? this.#door.begin(run, fresh) : null;
    return begun === null ? await this.#queue(run, documents) : await this.#begun(run, begun);
  }

  /** Under a concurrency key: not at once, but as soon as it has a place. */
  async #startKeyed(pipeline: Pipeline, run: Run, documents: Documents, isBehind: boolean): Promise<Started> {
    const same = isBehind ? await this.#findEarlier(run, run.requestHash) : null;
    if (same !== null) return same;
    const asked = await this.#gate.ask(pipeline, run);
    try {
      const started = isTerminal(asked.state)
        ? await this.#insert(asked, documents)
        : await this.#queue(asked, documents);
      if (started.isRepeat) this.#gate.dropped(asked);
      else await this.#gate.stored(pipeline, asked);
      return started;
    } catch (error) {
      // A write whose fate is unknown may still store the run; then the place is its own.
      if (error instanceof GantryError && error.code === 'QUEUE_FULL') this.#gate.dropped(asked);
      throw error;
    }
  }

  async #begun(run: Run, begun: Promise<Run>): Promise<Started> {
    try {
      return { run: await begun, isRepeat: false };
    } catch (error) {
      if (error instanceof LeaseLost) return await this.#findClash(run);
      throw error;
    }
  }

  async #queue(run: Run, documents: Documents): Promise<Started> {
    const admission = await this.#once('countQueued', (options) => this.#room.enter(run.pipeline, options));
    if (admission === null) {
      const message = `${String(this.#settings.maxQueued)} runs of ${run.pipeline} are queued already`;
      throw new GantryError('QUEUE_FULL', message, { retryAfterMs: RETRY_AFTER_MS });
    }
    // A write whose fate is unknown may have added a run: the place stays taken until the queue is counted again.
    let isAdded = true;
    try {
      const started = await this.#insert(run, documents);
      isAdded = !started.isRepeat;
      return started;
    } finally {
      admission.settle(isAdded);
    }
  }

  #findPipeline(name: string): Pipeline {
    const pipelines = this.#ports.pipelines();
    const pipeline = pipelines.get(name);
    if (pipeline !== undefined) return pipeline;
    const near = suggest(name, [...pipelines.keys()]);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    throw new GantryError('PIPELINE_NOT_FOUND', `no pipeline is named ${JSON.stringify(name.slice(0, 64))}${hint}`);
  }

  async #findEarlier(
    { pipeline, idempotencyKey }: Pick<StartRequest, 'pipeline' | 'idempotencyKey'>,
    requestHash: string,
  ): Promise<Started | null> {
    if (idempotencyKey === undefined || idempotencyKey === null) return null;
    const run = await this.#once('findRunByKey', (options) =>
      this.#ports.store.findRunByKey(pipeline, idempotencyKey, options),
    );
    return run === null ? null : repeatOf(run, requestHash);
  }

  async #insert(run: Run, documents: Documents): Promise<Started> {
    const chain: StoreWrite[] = documents.map(([name, json]) => ({ kind: 'putPayload', runId: run.id, name, json }));
    chain.push({ kind: 'insertRun', run });
    const journal = new RunJournal(run.id, 0, this.#ports, this.#settings);
    const events: RunEvent[] = [{ kind: 'runQueued', run }];
    if (isTerminal(run.state)) events.push({ kind: 'runFinished', run });
    chain.push({ kind: 'appendEvents', events: events.map((event) => journal.number(event)) });
    const [isInserted] = await this.#once('insertRun', (options) => this.#ports.store.writeAll([chain], options));
    if (isInserted !== true) return await this.#findClash(run);
    failpoint('run-stored');
    for (const event of events) journal.emit(event);
    if (!isTerminal(run.state)) this.#door.onQueued(run);
    return { run, isRepeat: false };
  }

  /** The run that was started with the same key at the same time. */
  async #findClash({ pipeline, idempotencyKey, requestHash, id }: Run): Promise<Started> {
    const earlier = await this.#findEarlier({ pipeline, idempotencyKey }, requestHash);
    if (earlier === null) throw new GantryError('STORE_FAILED', `store: what run ${id} clashed with has vanished`);
    return earlier;
  }

  #newRun(
    pipeline: Pipeline,
    request: StartRequest,
    params: JsonObject,
    asked: Pick<Run, 'requestHash' | 'concurrencyKey'>,
  ): Run {
    const id = this.#ports.ids.newId('run');
    const nowMs = this.#ports.clock.nowMs();
    return {
      id,
      pipeline: pipeline.name,
      pipelineVersion: pipeline.version,
      trigger: request.trigger,
      source: request.source ?? null,
      lineage: request.lineage ?? null,
      tags: request.tags ?? [],
      skipTags: request.skipTags ?? [],
      ...asked,
      needsPlace: false,
      durability: isAlwaysStored(request.lineage, asked.concurrencyKey) ? 'stored' : pipeline.durability,
      state: 'queued',
      ...{ epoch: 0, losses: 0, worker: null },
      part: partitionOf(id),
      priority: pipeline.priority,
      readyAtMs: READY_NOW_MS,
      createdAtMs: nowMs,
      startedAtMs: null,
      finishedAtMs: null,
      deadlineAtMs: request.deadlineAtMs ?? null,
      cancelRequestedAtMs: null,
      decisions: [],
      params,
      idempotencyKey: request.idempotencyKey ?? null,
      hooks: request.resumption?.hooks ?? pendingHooks(pipeline),
      verdict: null,
      failure: null,
      warnings: [],
    };
  }

  async #once<T>(operation: string, work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return await tryOnce({ ...this.#ports, ...this.#settings }, operation, work);
  }
}

/** What a run takes over has to be stored with it, and versions that do not serve are looked for first: such a run is queued. */
function mayBegin({ resumption, lineage }: StartRequest): boolean {
  return resumption === undefined && lineage?.pluginVersions === undefined;
}

function repeatOf(run: Run, requestHash: string): Started {
  if (run.requestHash === requestHash) return { run, isRepeat: true };
  throw new GantryError('IDEMPOTENCY_CONFLICT', `the idempotency key belongs to ${run.id}, which was asked otherwise`);
}
