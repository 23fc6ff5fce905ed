// A run as one JSON document: what the API answers, `gantry run --json` prints and the panel shows. Pure; times are ISO UTC in milliseconds.
import type { Invocation, InvocationPhases, InvocationUsage } from '../../core/invocation.ts';
import type { InvocationId } from '../../core/ids.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { Durability } from '../../core/pipeline.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Progress, ReportedMetric } from '../../core/reported.ts';
import {
  recordAsTold,
  type HookRecord,
  type Run,
  type RunFailure,
  type RunState,
  type RunWarning,
  type Section,
  type Trigger,
} from '../../core/run.ts';
import { approvalView, waitsOf, type ApprovalView, type WaitView } from './approval-view.ts';
import { lineageView, type DescendantView, type LineageView } from './lineage-view.ts';

export interface RunSummary {
  readonly id: string;
  readonly pipeline: string;
  readonly pipelineVersion: string;
  readonly state: RunState;
  readonly trigger: Trigger;
  /** name of the schedule or webhook; null: nobody declared it */
  readonly source: string | null;
  /** the same key and request give this run again; null: it was asked for without one */
  readonly idempotencyKey: string | null;
  /** `queued`: acknowledged before it was stored */
  readonly durability: Durability;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** from the first claim to the end; null until then */
  readonly durationMs: number | null;
  /** of a waiting run: what it waits for, and when it goes on by itself at the latest */
  readonly waitsFor: readonly WaitView[];
  readonly isCancelRequested: boolean;
  readonly failure: RunFailure | null;
  readonly warnings: readonly RunWarning[];
  /** what it was made from; null: nothing */
  readonly lineage: LineageView | null;
}

export interface InvocationView {
  readonly plugin: string;
  readonly version: string;
  readonly invocation: string;
  readonly attempt: number;
  /** index of the item of a hook with `forEach`; null: it has none */
  readonly item: number | null;
  readonly state: Invocation['state'];
  /** null until it ended */
  readonly outcome: Outcome | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  /** when the plugin is called again after this failure; null: its end stands */
  readonly retryAt: string | null;
  readonly phases: InvocationPhases | null;
  readonly usage: InvocationUsage | null;
  readonly sandbox: string | null;
  readonly sandboxKind: Invocation['sandboxKind'];
  readonly cleanliness: Invocation['cleanliness'];
  readonly transport: Invocation['transport'];
  readonly warnings: readonly string[];
  /** the last that the plugin said; null when it said nothing */
  readonly progress: Progress | null;
  /** what the plugin reported, from its end on */
  readonly metrics: readonly ReportedMetric[];
  /** the plugin's `data` */
  readonly result: JsonValue;
}

export interface HookView {
  readonly name: string;
  readonly section: Section;
  readonly state: HookRecord['state'];
  /** why it was skipped */
  readonly note: string | null;
  /** of a hook with `forEach` that has begun items: how many, and how many of them are shown here */
  readonly items: { readonly begun: number; readonly shown: number } | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  /** the run whose invocations it took over; null: it was run */
  readonly reusedFrom: string | null;
  /** of a hook that a person decides about, once it was asked */
  readonly approval: ApprovalView | null;
  /** id of the run that is this hook, once it was started */
  readonly child: string | null;
  readonly plugins: readonly InvocationView[];
}

export interface RunView extends RunSummary {
  readonly params: JsonObject;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly hooks: readonly HookView[];
  /** `context.data` after the last finished hook */
  readonly data: JsonValue;
  /** true when what it was made from is not there any more */
  readonly isOriginRemoved: boolean;
  /** the newest runs that were made from it */
  readonly descendants: readonly DescendantView[];
}

export interface RunPayloads {
  readonly data: JsonValue;
  readonly results: ReadonlyMap<InvocationId, JsonValue>;
}

const ITEMS_SHOWN = 100;
const FAILED_SHOWN = 100;

export function runSummary(run: Run): RunSummary {
  return {
    id: run.id,
    pipeline: run.pipeline,
    pipelineVersion: run.pipelineVersion,
    state: run.state,
    trigger: run.trigger,
    source: run.source,
    idempotencyKey: run.idempotencyKey,
    durability: run.durability,
    createdAt: new Date(run.createdAtMs).toISOString(),
    startedAt: isoTime(run.startedAtMs),
    finishedAt: isoTime(run.finishedAtMs),
    durationMs: between(run.startedAtMs, run.finishedAtMs),
    waitsFor: run.state === 'waiting' ? run.hooks.flatMap(waitsOf) : [],
    isCancelRequested: run.cancelRequestedAtMs !== null,
    failure: run.failure,
    warnings: run.warnings,
    lineage: lineageView(run.lineage),
  };
}

/** How far an invocation is that is at work. */
type ProgressOf = (invocation: InvocationId) => Progress | null;

export function runView(
  run: Run,
  invocations: readonly Invocation[],
  payloads: RunPayloads,
  progressOf: ProgressOf = () => null,
): RunView {
  return {
    ...runSummary(run),
    params: run.params,
    tags: run.tags,
    skipTags: run.skipTags,
    hooks: run.hooks.map((record, index) =>
      hookView(
        recordAsTold(run, record),
        invocations.filter(({ hookIndex }) => hookIndex === index),
        payloads,
        progressOf,
      ),
    ),
    data: payloads.data,
    isOriginRemoved: false,
    descendants: [],
  };
}

function hookView(
  record: HookRecord,
  invocations: readonly Invocation[],
  payloads: RunPayloads,
  progressOf: ProgressOf,
): HookView {
  const shown = shownOf(invocations);
  const begun = itemCount(invocations);
  return {
    name: record.hook,
    section: record.section ?? 'main',
    state: record.state,
    note: record.note ?? null,
    items: begun === 0 ? null : { begun, shown: itemCount(shown) },
    startedAt: isoTime(record.startedAtMs),
    finishedAt: isoTime(record.finishedAtMs),
    durationMs: between(record.startedAtMs, record.finishedAtMs),
    reusedFrom: record.reusedFrom ?? null,
    approval: record.approval === undefined ? null : approvalView(record.approval),
    child: record.child ?? null,
    plugins: shown.map((invocation) => {
      const { id, finishedAtMs, reported } = invocation;
      const progress = finishedAtMs === null ? progressOf(id) : (reported?.progress ?? null);
      return invocationView(invocation, payloads.results.get(id) ?? null, progress);
    }),
  };
}

function itemCount(invocations: readonly Invocation[]): number {
  return new Set(invocations.flatMap(({ item }) => item ?? [])).size;
}

/** A view of thousands of items helps nobody: the first of them are shown, and the first of those that failed. */
export function shownOf(invocations: readonly Invocation[]): readonly Invocation[] {
  if (invocations.length <= ITEMS_SHOWN) return invocations;
  let left = FAILED_SHOWN;
  return invocations.filter(({ item, state }) => {
    if (item === null || item < ITEMS_SHOWN) return true;
    if (state === 'failed') left -= 1;
    return state === 'failed' && left >= 0;
  });
}

function invocationView(invocation: Invocation, result: JsonValue, progress: Progress | null): InvocationView {
  return {
    plugin: invocation.plugin,
    version: invocation.pluginVersion,
    invocation: invocation.id,
    attempt: invocation.attempt,
    item: invocation.item,
    state: invocation.state,
    outcome: invocation.outcome,
    startedAt: isoTime(invocation.startedAtMs),
    finishedAt: isoTime(invocation.finishedAtMs),
    durationMs: between(invocation.startedAtMs, invocation.finishedAtMs),
    retryAt: isoTime(invocation.retryAtMs),
    phases: invocation.phases,
    usage: invocation.usage,
    sandbox: invocation.sandboxId,
    sandboxKind: invocation.sandboxKind,
    cleanliness: invocation.cleanliness,
    transport: invocation.transport,
    warnings: invocation.warnings,
    progress,
    metrics: invocation.reported?.metrics ?? [],
    result,
  };
}

export function isoTime(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** The clock may have jumped between the two: never below zero. */
function between(startMs: number | null, endMs: number | null): number | null {
  return startMs === null || endMs === null ? null : Math.max(0, endMs - startMs);
}
