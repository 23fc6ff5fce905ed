// One plugin, called once: input made, start stored, outcome awaited, secrets taken out, end stored. Whatever the plugin does, this
// resolves with an outcome; it rejects only when the store or the lease is lost, or for a defect of ours.
import { failpoint } from '../core/failpoints.ts';
import type { Invocation } from '../core/invocation.ts';
import type { JsonValue } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { Redactor } from '../core/redact.ts';
import type { InvocationServices } from '../core/ports/host-services.ts';
import type { Verdict } from '../core/run.ts';
import type { InvocationEnd, InvocationRequest, PluginLogLine, StopReason } from '../core/ports/invoker.ts';
import { buildContext, type RunFlow } from './build-context.ts';
import type { EndedInvocation } from './earlier-invocations.ts';
import { InvocationLedger } from './invocation-ledger.ts';
import { prepareInput, type PreparedInput, type ReadyInput } from './prepare-input.ts';
import { redactEnd } from './redact-end.ts';
import type { ContextItem } from './run-ports.ts';
import type { RunScope } from './run-scope.ts';
import { settleAfterStop } from './settle-after-stop.ts';

export interface PluginCall {
  readonly hook: string;
  readonly hookIndex: number;
  readonly hookTimeoutMs: number | null;
  readonly version: PluginVersion;
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
  readonly warnings: InvocationEnd['warnings'];
  /** true when the plugin may have seen its input */
  readonly isDelivered: boolean;
}

export async function invokePlugin(scope: RunScope, call: PluginCall): Promise<PluginEnd> {
  const earlier = scope.earlier.ended(call.hook, call.version.plugin.name, call.item?.index ?? null);
  if (earlier !== null) return await takeOver(scope, call, earlier);
  const ledger = new InvocationLedger(scope, pendingInvocation(scope, call));
  if (call.stop.aborted) return refuse(ledger, call, stoppedOutcome(call, call.stop.reason as StopReason));
  const input = await makeInput(scope, call, ledger.invocation);
  if (input.kind === 'refused') return refuse(ledger, call, input.outcome);
  ledger.open();
  const end = redactEnd(await deliver(scope, call, ledger, input), input.redactor);
  ledger.throwIfFailed();
  failpoint('result-received');
  ledger.end(end);
  const { outcome, result, warnings } = end;
  return { version: call.version, outcome, result, warnings, isDelivered: ledger.isDelivered };
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
    return await settleAfterStop(ports.clock, call.stop, ports.invoker.invoke(request), settings.cancelGraceMs);
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

async function makeInput(scope: RunScope, call: PluginCall, invocation: Invocation): Promise<PreparedInput> {
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
  return await prepareInput(ports, settings, parts, call.stop);
}

/** The same for every attempt. */
function idempotencyKeyOf({ runId, hook, plugin, item }: Invocation): string {
  return [runId, hook, plugin, ...(item === null ? [] : [String(item)])].join('/');
}

function refuse(ledger: InvocationLedger, call: PluginCall, outcome: Outcome): PluginEnd {
  ledger.refuse(outcome);
  return { version: call.version, outcome, result: null, warnings: [], isDelivered: false };
}

/** The end of an invocation that an earlier worker stored. */
async function takeOver(scope: RunScope, call: PluginCall, earlier: EndedInvocation): Promise<PluginEnd> {
  const { store } = scope.ports;
  const name = earlier.resultPayload;
  const json =
    name === null
      ? null
      : await scope.lease.persist('findPayload', (options) => store.findPayload(earlier.runId, name, options));
  const result = json === null ? null : (JSON.parse(json) as JsonValue);
  return { version: call.version, outcome: earlier.outcome, result, warnings: [], isDelivered: false };
}

function stoppedOutcome(call: PluginCall, reason: StopReason): Outcome {
  switch (reason) {
    case 'hook_timeout':
    case 'pipeline_timeout': {
      const whose = reason === 'hook_timeout' ? 'hook' : 'pipeline';
      const breach = { limit: 'timeoutMs', value: call.hookTimeoutMs ?? 0, used: null } as const;
      return { code: 'timeout', message: `the time of the ${whose} was up before the plugin was called`, breach };
    }
    case 'cancelled':
      return { code: 'cancelled', message: 'the run was cancelled before the plugin was called' };
    case 'draining':
    case 'lease_lost':
      return { code: 'cancelled', message: 'the program was stopped before the plugin was called' };
  }
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
