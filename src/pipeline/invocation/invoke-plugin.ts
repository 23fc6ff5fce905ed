// One plugin, called once: input made, start stored, outcome awaited, secrets taken out, end stored. Whatever the plugin does, this
// resolves with an outcome; it rejects only when the store or the lease is lost, or for a defect of ours.
import { failpoint } from '../../core/failpoints.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { JsonValue } from '../../core/json.ts';
import { isSuccessful, type Outcome } from '../../core/outcome.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { Redactor } from '../../core/redact.ts';
import type { InvocationServices } from '../../core/ports/host-services.ts';
import type { Verdict } from '../../core/run.ts';
import type { RetryPolicy } from '../../core/retry.ts';
import { randomPart } from '../../sandbox/jitter.ts';
import type { InvocationEnd, InvocationRequest, PluginLogLine, StopReason } from '../../core/ports/invoker.ts';
import { buildContext, type RunFlow } from '../graph/build-context.ts';
import type { EarlierInvocations } from './earlier-invocations.ts';
import { InvocationLedger } from '../records/invocation-ledger.ts';
import { prepareInput, type PreparedInput, type ReadyInput } from './prepare-input.ts';
import { keepArtifacts } from './keep-artifacts.ts';
import { nextAttemptAtMs } from '../graph/retry-policy.ts';
import { redactEnd } from './redact-end.ts';
import type { ContextItem } from '../run-ports.ts';
import type { RunScope } from '../run-scope.ts';
import { settleAfterStop } from './settle-after-stop.ts';
import { stoppedOutcome } from './stopped-outcome.ts';

export interface PluginCall {
  readonly hook: string;
  readonly hookIndex: number;
  readonly hookTimeoutMs: number | null;
  readonly version: PluginVersion;
  /** that holds for this plugin here; null: one attempt */
  readonly retries: RetryPolicy | null;
  readonly flow: RunFlow;
  /** null: the hook has no `forEach` */
  readonly item: ContextItem | null;
  /** how the run will end, for a hook that is told of it */
  readonly verdict: Verdict | null;
  /** aborts with a StopReason when the hook or the run is to stop */
  readonly stop: AbortSignal;
  /** milliseconds that hook and pipeline leave */
  remainingMs(): number;
}

export interface PluginEnd {
  readonly version: PluginVersion;
  readonly outcome: Outcome;
  /** the plugin's `data`; null when it gave none */
  readonly result: JsonValue | null;
  /** the text of `result`, where it is at hand */
  readonly resultJson?: string | null;
  readonly warnings: InvocationEnd['warnings'];
  /** true when the plugin may have seen its input */
  readonly isDelivered: boolean;
  readonly invocation: Invocation;
  /** when the plugin is called again (unix milliseconds); null: its end stands */
  readonly retryAtMs: number | null;
}

export async function invokePlugin(scope: RunScope, call: PluginCall): Promise<PluginEnd> {
  const { name, idempotent } = call.version.plugin;
  const earlier = scope.earlier.ended(call.hook, name, call.item?.index ?? null, idempotent);
  if (earlier !== null) return await takeOver(scope, call, earlier);
  const ledger = new InvocationLedger(scope, pendingInvocation(scope, call));
  if (call.stop.aborted) return refuse(ledger, call, stoppedOutcome(call, call.stop.reason as StopReason));
  const made = makeInput(scope, call, ledger.invocation);
  const input = made instanceof Promise ? await made : made;
  if (input.kind === 'refused') return refuse(ledger, call, input.outcome);
  const end = redactEnd(await deliver(scope, call, ledger, input), input.redactor);
  ledger.throwIfFailed();
  failpoint('result-received');
  const retryAtMs = retryAfter(scope, call, ledger, end.outcome);
  ledger.end(end, retryAtMs);
  const { outcome, result, warnings } = end;
  const { invocation, isDelivered, resultJson } = ledger;
  return { version: call.version, outcome, result, resultJson, warnings, isDelivered, invocation, retryAtMs };
}

/** When the plugin is called again after this outcome; null: it is not. */
function retryAfter({ ports }: RunScope, call: PluginCall, ledger: InvocationLedger, outcome: Outcome): number | null {
  if (call.retries === null || isSuccessful(outcome)) return null;
  const { attempt } = ledger.invocation;
  const failed = { attempt, outcome, isDelivered: ledger.isDelivered, isIdempotent: call.version.plugin.idempotent };
  const time = { nowMs: ports.clock.nowMs(), remainingMs: call.remainingMs(), part: randomPart(ports.ids) };
  return nextAttemptAtMs(call.retries, failed, time);
}

async function deliver(
  scope: RunScope,
  call: PluginCall,
  ledger: InvocationLedger,
  input: ReadyInput,
): Promise<InvocationEnd> {
  const { ports, settings, lease } = scope;
  const { id, attempt } = ledger.invocation;
  using services = servicesOf(scope, call, ledger.invocation, input.redactor);
  const remainingMs = Math.max(1, call.remainingMs());
  const request: InvocationRequest = {
    runId: lease.run.id,
    invocationId: id,
    epoch: lease.run.epoch,
    attempt,
    pipeline: lease.run.pipeline,
    version: call.version,
    input: input.bytes,
    nonce: input.nonce,
    ...(input.secretsKey === null ? {} : { secretsKey: input.secretsKey }),
    timeoutMs: Math.min(call.version.plugin.limits.timeoutMs, remainingMs),
    // Not what hook or run leave: their own stop ends the wait, and then the end is a timeout.
    waitMs: settings.invocationWaitMs,
    onStarted: (sandboxId) => ledger.start(sandboxId),
    redactor: input.redactor,
    ...(services === null ? {} : { services }),
    onLog: (line) => {
      writeLog(scope, ledger.invocation, line, input.redactor);
    },
    onProgress: (progress) => {
      const { runId, plugin } = ledger.invocation;
      ports.events.emit({ kind: 'invocationProgressed', runId, invocationId: id, plugin, progress });
    },
    stop: call.stop,
  };
  try {
    const work = ports.invoker.invoke(request);
    ledger.wait();
    const end = await settleAfterStop(ports.clock, call.stop, work, settings.cancelGraceMs);
    if (end.artifacts === undefined) return end;
    return await keepArtifacts(end, call.version.plugin, services, (operation, write) =>
      lease.persist(operation, write),
    );
  } catch (error) {
    // A start that could not be stored may come back as the invoker's rejection: the first cause is the one to tell.
    ledger.throwIfFailed();
    throw error;
  }
}

/** Null: its plugin declares none. */
function servicesOf(
  { ports }: RunScope,
  { hook, version: { plugin } }: PluginCall,
  { runId, id: invocationId }: Invocation,
  redactor: Redactor,
): InvocationServices | null {
  if (plugin.services.length === 0 || ports.services === undefined) return null;
  return ports.services.of({ runId, invocationId, hook, plugin, redactor });
}

function writeLog(scope: RunScope, invocation: Invocation, line: PluginLogLine, redactor: Redactor): void {
  const entry = {
    runId: invocation.runId,
    invocationId: invocation.id,
    pipeline: invocation.pipeline,
    hook: invocation.hook,
    plugin: invocation.plugin,
    level: line.level,
    message: redactor.text(line.message),
    atMs: scope.ports.clock.nowMs(),
  };
  scope.logs.add(entry);
  scope.ports.events.emit({ kind: 'logWritten', line: entry });
}

function makeInput(scope: RunScope, call: PluginCall, invocation: Invocation): PreparedInput | Promise<PreparedInput> {
  const { ports, settings, lease } = scope;
  const { plugin, config } = call.version;
  const remainingMs = Math.max(1, call.remainingMs());
  const parts = {
    invocationId: invocation.id,
    nonce: ports.ids.randomHex(16),
    attempt: invocation.attempt,
    idempotencyKey: idempotencyKeyOf(invocation),
    deadlineAtMs: Math.floor(ports.clock.nowMs() + remainingMs),
    timeoutMs: Math.min(plugin.limits.timeoutMs, Math.floor(remainingMs)),
    traceparent: null,
    ...buildContext(lease.run, call.hook, call.flow, call.verdict),
    item: call.item,
    config,
    secretNames: plugin.secrets,
    expression: plugin.protocol === 'text' ? (plugin.text?.input ?? 'data') : null,
  };
  return prepareInput(ports, settings, parts, call.stop);
}

/** The same for every attempt. */
function idempotencyKeyOf({ runId, hook, plugin, item }: Invocation): string {
  return [runId, hook, plugin, ...(item === null ? [] : [String(item)])].join('/');
}

function refuse(ledger: InvocationLedger, call: PluginCall, outcome: Outcome): PluginEnd {
  ledger.refuse(outcome);
  const { invocation } = ledger;
  return {
    ...{ version: call.version, outcome, result: null, warnings: [], isDelivered: false },
    ...{ invocation, retryAtMs: null },
  };
}

/** The end of an invocation of an earlier worker, or of this one before the hook waited. */
async function takeOver(
  scope: RunScope,
  call: PluginCall,
  { invocation, result }: NonNullable<ReturnType<EarlierInvocations['ended']>>,
): Promise<PluginEnd> {
  const { outcome } = invocation;
  return {
    ...{ version: call.version, outcome, warnings: [], isDelivered: false, invocation, retryAtMs: null },
    result: result === undefined ? await loadResult(scope, invocation) : result,
  };
}

async function loadResult({ lease, ports }: RunScope, { runId, resultPayload }: Invocation): Promise<JsonValue | null> {
  if (resultPayload === null) return null;
  const json = await lease.persist('findPayload', (options) => ports.store.findPayload(runId, resultPayload, options));
  return json === null ? null : (JSON.parse(json) as JsonValue);
}

function pendingInvocation(scope: RunScope, call: PluginCall): Invocation {
  const { ports, lease } = scope;
  const { plugin, id: pluginVersion } = call.version;
  return {
    id: ports.ids.newId('inv'),
    runId: lease.run.id,
    pipeline: lease.run.pipeline,
    hook: call.hook,
    hookIndex: call.hookIndex,
    plugin: plugin.name,
    pluginVersion,
    order: plugin.order,
    attempt: scope.earlier.nextAttempt(call.hook, plugin.name, call.item?.index ?? null),
    item: call.item?.index ?? null,
    state: 'pending',
    outcome: null,
    warnings: [],
    sandboxId: null,
    sandboxKind: null,
    cleanliness: null,
    transport: null,
    createdAtMs: ports.clock.nowMs(),
    startedAtMs: null,
    finishedAtMs: null,
    phases: null,
    usage: null,
    reported: null,
    retryAtMs: null,
    resultPayload: null,
  };
}
